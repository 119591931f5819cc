using Grpc.Core;
using Rag.Internal.V1;
using Rag.Router.Access;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Services;
using Rag.Router.Shards;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Chunks;

/// <summary>
/// Chunks as a stream of batches. Some batches are on their way at a time, the rest of the stream waits unread. A key
/// that comes in two batches may be written in either order. Thread-safe.
/// </summary>
internal sealed class BulkUpsertHandler(UpsertHandler upserts, CallPipeline pipeline, RouterOptions options)
{
    private const int MaxFailures = 1000;

    public async Task<BulkUpsertChunksResponse> RunAsync(
        IAsyncStreamReader<BulkUpsertChunksRequest> requests, ServerCallContext context, CallScope scope)
    {
        var tally = new Tally();
        var workspace = "";
        var encoder = Encoder.Unspecified;
        var limits = new ParallelOptions
        {
            MaxDegreeOfParallelism = options.BulkParallelism,
            CancellationToken = scope.Token,
        };
        await Parallel.ForEachAsync(Batches(), limits, async (batch, token) =>
        {
            var deadline = DateTime.UtcNow + options.DefaultTimeout;
            var batchScope = new CallScope(deadline < scope.Deadline ? deadline : scope.Deadline, token);
            var written = await upserts.WriteAsync(workspace, batch.Chunks, batch.Encoder, null, batchScope);
            tally.Add(batch.Start, written);
        });
        return tally.ToResponse();

        // Runs under the lock of the enumeration: the workspace is set before the first batch is handed out.
        async IAsyncEnumerable<(long Start, IReadOnlyList<ChunkWrite> Chunks, Encoder Encoder)> Batches()
        {
            var start = 0L;
            await foreach (var message in requests.ReadAllAsync(scope.Token))
            {
                if (workspace.Length == 0)
                {
                    pipeline.Authorize(context, message.Workspace, WorkspaceAction.WriteChunks);
                    Validation.TextRules.RequireWorkspace(message.Workspace);
                    (workspace, encoder) = (message.Workspace, message.Encoder);
                }
                else if (message.Workspace.Length > 0 && message.Workspace != workspace)
                {
                    throw Refuse.Invalid("workspace", "A stream writes to one workspace: open another stream.");
                }

                if (message.Encoder != Encoder.Unspecified)
                    encoder = message.Encoder;
                if (message.Chunks.Count == 0)
                    continue;
                yield return (start, message.Chunks, encoder);
                start += message.Chunks.Count;
            }

            if (workspace.Length == 0)
                throw Refuse.Invalid("workspace", "The stream is empty: name a workspace in its first message.");
        }
    }

    /// <summary>Adds up what became of the batches. Thread-safe.</summary>
    private sealed class Tally
    {
        private readonly Lock _lock = new();
        private readonly SortedDictionary<long, ChunkWriteResult> _failures = [];
        private readonly Dictionary<int, Stamp> _stamps = [];
        private KnownWorkspace? _workspace;
        private long _written;
        private long _failed;

        public void Add(long start, WrittenBatch batch)
        {
            lock (_lock)
            {
                for (var i = 0; i < batch.Results.Length; i++)
                {
                    if (batch.Results[i].Error is null)
                        _written++;
                    else
                        AddFailure(start + i, batch.Results[i]);
                }

                _workspace = batch.Workspace;
                foreach (var stamp in batch.Stamps)
                {
                    if (!_stamps.TryGetValue(stamp.Partition, out var last)
                        || (stamp.Epoch, stamp.Sequence).CompareTo((last.Epoch, last.Sequence)) > 0)
                        _stamps[stamp.Partition] = stamp;
                }
            }
        }

        public BulkUpsertChunksResponse ToResponse()
        {
            var response = new BulkUpsertChunksResponse { WrittenCount = _written, FailedCount = _failed };
            foreach (var (index, result) in _failures)
                response.Failures.Add(new BulkFailure { Index = index, Result = result });
            if (_workspace is not null)
                response.ConsistencyToken = ConsistencyToken.Of(_workspace, [.. _stamps.Values]);
            return response;
        }

        /// <summary>Batches end in any order: the first ones of the stream are kept.</summary>
        private void AddFailure(long index, ChunkWriteResult result)
        {
            _failed++;
            _failures.Add(index, result);
            if (_failures.Count > MaxFailures)
                _failures.Remove(_failures.Keys.Last());
        }
    }
}
