using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

/// <summary>BM25 without any skipping: every posting of every term is added up, one term after the other.</summary>
internal sealed class ExhaustiveScoring(SparseSegment segment, float k1 = 1.2f, float b = 0.75f)
{
    private readonly PostingReader _reader = new();
    private readonly float[] _sums = new float[segment.Count];

    public ScoredRow[] Search(SparseQuery query, SparseStatistics statistics, int k)
    {
        var (length, perLength) = (k1 * (1 - b), (float)(k1 * b / statistics.AverageLength));
        for (var i = 0; i < query.Keys.Length; i++)
        {
            if (segment.Find(query.Keys[i]) is not (>= 0 and var term))
                continue;
            var weight = (float)(query.Weights[i] * statistics.Idf(i) * (k1 + 1));
            for (_reader.Begin(segment, term); _reader.ReadBlock();)
            {
                var documents = _reader.Documents;
                var payloads = _reader.Payloads;
                for (var j = 0; j < documents.Length; j++)
                    _sums[documents[j]] += weight * payloads[j] / (payloads[j] + length + perLength * segment.Lengths[documents[j]]);
            }
        }

        var best = new PriorityQueue<int, float>();
        for (var document = 0; document < _sums.Length; document++)
        {
            if (_sums[document] == 0 || (best.Count == k && _sums[document] <= _sums[best.Peek()]))
                continue;
            best.Enqueue(document, _sums[document]);
            if (best.Count > k)
                best.Dequeue();
        }

        var hits = new ScoredRow[best.Count];
        for (var i = hits.Length - 1; i >= 0; i--)
            hits[i] = new ScoredRow(segment.Rows[best.Peek()], _sums[best.Dequeue()]);
        Array.Clear(_sums);
        return hits;
    }
}
