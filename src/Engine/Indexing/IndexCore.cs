using Rag.Engine.Quantization;
using Rag.Engine.Rows;

namespace Rag.Engine.Indexing;

/// <summary>
/// An index behind its facade; the codec is chosen here and nowhere else. Members as in <see cref="VectorIndex"/>.
/// </summary>
internal abstract class IndexCore : IDisposable
{
    public abstract int Count { get; }

    public abstract long MemoryBytes { get; }

    public abstract bool IsGraph { get; }

    public abstract RecallTable Recall { get; }

    public static IndexCore Create(VectorIndexOptions options, VectorRows rows) => options.Codec switch
    {
        VectorCodec.Float32 => new CodedIndex<Float32Scorer>(
            options, rows, new Float32Codec(options.Dimension, options.Metric)),
        VectorCodec.Binary => new CodedIndex<BinaryScorer>(
            options, rows, new BinaryCodec(options.Dimension, options.Metric, rows)),
        _ => new CodedIndex<Int8Scorer>(options, rows, new Int8Codec(options.Dimension, options.Metric)),
    };

    public abstract void AddRange(ReadOnlySpan<int> rows, ReadOnlySpan<float> vectors, int threads);

    public abstract void Remove(int row);

    public abstract int Search<TFilter>(ReadOnlySpan<float> query, SearchEffort effort, TFilter filter,
        int acceptedEstimate, Span<ScoredRow> hits, out SearchCounters counters)
        where TFilter : struct, IRowFilter;

    public abstract bool Calibrate(int steps);

    public abstract void Save(Stream stream, int rowLimit);

    public abstract void Load(Stream stream, IRowPresence present, IMappedMemory? mapped);

    public abstract bool IsMappable(int rowLimit);

    public abstract IDisposable? Attach(IMappedMemory saved);

    public abstract IMappedMemory? Mapped { get; }

    public abstract void Dispose();
}
