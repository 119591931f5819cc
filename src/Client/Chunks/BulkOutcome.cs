using Rag.V1;

namespace Rag.Client;

/// <summary>What became of a bulk write.</summary>
public sealed class BulkOutcome
{
    private const int KeptFailures = 1000;

    private readonly Lock _lock = new();
    private readonly List<ChunkWriteResult> _failures = [];

    /// <summary>Written and durable.</summary>
    public long Written { get; private set; }

    public long Failed { get; private set; }

    /// <summary>The first 1,000 items that failed, each with its reason.</summary>
    public IReadOnlyList<ChunkWriteResult> Failures => _failures;

    internal void Add(UpsertChunksResponse response)
    {
        lock (_lock)
        {
            foreach (var result in response.Results)
            {
                if (result.Error is null)
                {
                    Written++;
                    continue;
                }

                Failed++;
                if (_failures.Count < KeptFailures)
                    _failures.Add(result);
            }
        }
    }
}
