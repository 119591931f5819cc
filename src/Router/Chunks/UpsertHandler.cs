using System.Runtime.ExceptionServices;
using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Chunks;

/// <summary>Writes chunks: one call for each partition, results in the order of the request. Thread-safe.</summary>
internal sealed class UpsertHandler(
    ShardCaller shards, WorkspaceDirectory directory, MutationIds mutations, RouterOptions options)
{
    private static readonly ShardOperation<UpsertPart, UpsertResponse> Upsert = new(
        "Upsert", OperationKind.Write,
        static (client, target, part, callOptions) => client.UpsertAsync(part.ToRequest(target), callOptions))
    {
        PositionsOf = static response => response.Stamp is null ? [] : [response.Stamp],
    };

    public async Task<UpsertChunksResponse> UpsertAsync(UpsertChunksRequest request, CallScope scope)
    {
        var requestId = RequestIdRules.Read(request.RequestId);
        var written = await WriteAsync(request.Workspace, request.Chunks, request.Encoder, requestId, scope);
        var response = new UpsertChunksResponse
        {
            ConsistencyToken = ConsistencyToken.Of(written.Workspace, written.Stamps),
        };
        response.Results.AddRange(written.Results);
        return response;
    }

    /// <summary>Writes one batch of a unary call or of a stream.</summary>
    public Task<WrittenBatch> WriteAsync(
        string workspace, IReadOnlyList<ChunkWrite> chunks, Encoder encoder, Guid? requestId, CallScope scope)
    {
        TextRules.RequireWorkspace(workspace);
        if (chunks.Count is 0 or > Limits.Batch)
            throw Refuse.Invalid("chunks", $"There are {chunks.Count}: send 1 to {Limits.Batch}.");
        if (encoder is not (Encoder.Unspecified or Encoder.Full or Encoder.Lookup))
            throw Refuse.Invalid("encoder", "Use ENCODER_FULL or ENCODER_LOOKUP, or leave it out.");
        CheckUnique(chunks);
        return directory.WithAsync(
            workspace, (Handler: this, Chunks: chunks, Encoder: encoder, RequestId: requestId, Scope: scope),
            static (known, state, _) =>
                state.Handler.WriteAsync(known, state.Chunks, state.Encoder, state.RequestId, state.Scope),
            scope.Token);
    }

    private async Task<WrittenBatch> WriteAsync(
        KnownWorkspace workspace, IReadOnlyList<ChunkWrite> chunks, Encoder encoder, Guid? requestId, CallScope scope)
    {
        var results = new ChunkWriteResult[chunks.Count];
        var documents = new string?[chunks.Count];
        for (var i = 0; i < chunks.Count; i++)
        {
            if (ChunkRules.Fault(chunks[i], workspace) is { } fault)
                results[i] = Failed(chunks[i].Chunk, RouterStatus.ToItem(RefusalKind.InvalidArgument, fault));
            else
                documents[i] = ChunkPlacement.DocumentOf(chunks[i].Chunk);
        }

        var parts = BucketBatches.Of(workspace, documents)
            .ConvertAll(batch => new UpsertPart(chunks, batch.Items, encoder, mutations.Derive(
                requestId, MutationKind.Upsert, workspace.Uid, workspace.Partitions[batch.Bucket]), batch.Bucket));
        var stamps = new List<Stamp>(parts.Count);
        if (parts.Count == 1)
        {
            var (_, only) = await shards.CallBucketAsync(workspace, parts[0].Bucket, parts[0], Upsert, scope);
            Add(only, parts[0], results, stamps);
            return new WrittenBatch(workspace, results, stamps);
        }

        var failures = new List<Exception>();
        var limits = new ParallelOptions { MaxDegreeOfParallelism = options.ScatterParallelism };
        await Parallel.ForEachAsync(parts, limits, async (part, _) =>
        {
            try
            {
                var (_, response) = await shards.CallBucketAsync(workspace, part.Bucket, part, Upsert, scope);
                lock (stamps)
                    Add(response, part, results, stamps);
            }
            catch (Exception error) when (error is not WorkspaceReplacedException
                && RouterStatus.Map(error, scope.Deadline) is { } status)
            {
                // Other partitions go on: what is written is reported as written.
                lock (stamps)
                    failures.Add(error);
                foreach (var item in part.Items)
                    results[item] = Failed(part.Chunks[item].Chunk, RouterStatus.ToItem(status));
            }
        });
        // Nothing was written at all: then the call fails, with details.
        if (parts.Count > 0 && failures.Count == parts.Count)
            ExceptionDispatchInfo.Throw(failures[0]);
        return new WrittenBatch(workspace, results, stamps);
    }

    private static void Add(UpsertResponse response, UpsertPart part, ChunkWriteResult[] results, List<Stamp> stamps)
    {
        if (response.Results.Count != part.Items.Count)
            throw new InvalidOperationException($"{response.Results.Count} results for {part.Items.Count} chunks.");
        for (var i = 0; i < part.Items.Count; i++)
            results[part.Items[i]] = response.Results[i];
        if (response.Stamp is not null)
            stamps.Add(response.Stamp);
    }

    private static ChunkWriteResult Failed(Chunk? chunk, ItemError error) => new()
    {
        DocumentId = chunk is null ? "" : ChunkPlacement.DocumentOf(chunk),
        ChunkId = chunk?.ChunkId ?? "",
        Error = error,
    };

    private static void CheckUnique(IReadOnlyList<ChunkWrite> chunks)
    {
        if (chunks.Count == 1)
            return;
        var seen = new Dictionary<(string, string), int>(chunks.Count);
        for (var i = 0; i < chunks.Count; i++)
        {
            if (chunks[i].Chunk is not { ChunkId.Length: > 0 } chunk)
                continue;
            var key = (ChunkPlacement.DocumentOf(chunk), chunk.ChunkId);
            if (!seen.TryAdd(key, i))
            {
                throw Refuse.Invalid($"chunks[{i}].chunk.chunk_id",
                    $"The same key as chunks[{seen[key]}]: send each key once, or in a later call.");
            }
        }
    }

    /// <summary>The chunks of one bucket.</summary>
    private sealed record UpsertPart(
        IReadOnlyList<ChunkWrite> Chunks, List<int> Items, Encoder Encoder, Google.Protobuf.ByteString MutationId,
        int Bucket)
    {
        public UpsertRequest ToRequest(Target target)
        {
            var request = new UpsertRequest { Target = target, Encoder = Encoder, MutationId = MutationId };
            request.Chunks.Capacity = Items.Count;
            foreach (var item in Items)
                request.Chunks.Add(Chunks[item]);
            return request;
        }
    }
}

/// <summary>What became of a batch: one result for each chunk in their order, and how far the partitions are.</summary>
internal sealed record WrittenBatch(KnownWorkspace Workspace, ChunkWriteResult[] Results, List<Stamp> Stamps);
