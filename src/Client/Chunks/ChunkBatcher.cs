using System.Runtime.CompilerServices;
using Rag.V1;

namespace Rag.Client;

/// <summary>Cuts a stream of chunks into requests of a size that every server takes.</summary>
internal static class ChunkBatcher
{
    public const int MaxChunks = 256;

    // Half of the 4 MiB that gRPC servers read by default.
    public const int MaxBytes = 2 * 1024 * 1024;

    public static async IAsyncEnumerable<IReadOnlyList<ChunkWrite>> SplitAsync(
        IAsyncEnumerable<Chunk> chunks, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var batch = new List<ChunkWrite>();
        var bytes = 0;
        await foreach (var chunk in chunks.WithCancellation(cancellationToken))
        {
            var size = chunk.CalculateSize();
            if (batch.Count == MaxChunks || (batch.Count > 0 && bytes + size > MaxBytes))
            {
                yield return batch;
                batch = [];
                bytes = 0;
            }

            batch.Add(new ChunkWrite { Chunk = chunk });
            bytes += size;
        }

        if (batch.Count > 0)
            yield return batch;
    }
}
