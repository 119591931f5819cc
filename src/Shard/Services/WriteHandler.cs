using Google.Protobuf;
using Rag.Engine;
using Rag.Internal.V1;
using Rag.Shard.Embedding;
using Rag.Shard.Errors;
using Rag.Shard.Mapping;
using Rag.V1;
using ChunkWrite = Rag.Engine.ChunkWrite;
using ChunkWriteResult = Rag.V1.ChunkWriteResult;

namespace Rag.Shard.Services;

/// <summary>Settings, chunks and documents on their way into the store. Thread-safe.</summary>
internal sealed class WriteHandler(ShardStore store, SliceResolver resolver, PassageEmbedder passages)
{
    public async Task<PutSettingsResponse> PutSettingsAsync(PutSettingsRequest request, CancellationToken ct)
    {
        if (request.Settings is null)
            throw new InvalidInputException("The request carries no settings.");
        var settings = SettingsMapping.ToEngine(request.Settings);
        var mutationId = SliceResolver.ReadMutationId(request.MutationId);
        var response = new PutSettingsResponse();
        foreach (var partition in request.Partitions)
            resolver.CheckHeld(partition);
        var writes = request.Partitions.Select(
            async partition => (partition, await store.PutSettingsAsync(partition, settings, mutationId, ct)));
        foreach (var (partition, stamp) in await Task.WhenAll(writes))
            response.Stamps.Add(ToProto(partition, stamp));
        return response;
    }

    public async Task<UpsertResponse> UpsertAsync(UpsertRequest request, CancellationToken ct)
    {
        var (slice, settings) = resolver.ResolveOne(request.Target);
        var mutationId = SliceResolver.ReadMutationId(request.MutationId);
        var results = new ChunkWriteResult[request.Chunks.Count];
        var writes = new List<ChunkWrite>(request.Chunks.Count);
        var positions = new List<int>(request.Chunks.Count);
        for (var i = 0; i < request.Chunks.Count; i++)
        {
            if (TryRead(request.Chunks[i], WorkspaceProfile.Of(settings), out var write, out results[i]))
            {
                writes.Add(write!);
                positions.Add(i);
            }
        }

        var embedded = await passages.CompleteAsync(settings, writes, request.Encoder, ct);
        var response = new UpsertResponse();
        if (embedded.Count > 0)
        {
            var outcome = await store.UpsertAsync(slice, embedded, mutationId, ct);
            for (var i = 0; i < positions.Count; i++)
                Complete(results[positions[i]], outcome.Items[i]);
            response.Stamp = ToProto(slice.Partition, outcome.Stamp);
        }

        response.Results.AddRange(results);
        return response;
    }

    public async Task<DeleteResponse> DeleteAsync(DeleteRequest request, CancellationToken ct)
    {
        var (slices, _) = resolver.Resolve(request.Target);
        var mutationId = SliceResolver.ReadMutationId(request.MutationId);
        ChunkSelection selection = request switch
        {
            { Filter: not null } => new ChunkSelection.ByFilter(FilterMapping.ToEngine(request.Filter)!),
            { DocumentIds.Count: > 0 } => new ChunkSelection.ByDocument([.. request.DocumentIds]),
            { Keys.Count: > 0 } => new ChunkSelection.ByKey(
                [.. request.Keys.Select(key => new ChunkDeletion(ChunkMapping.ToKey(key.DocumentId, key.ChunkId)))]),
            _ => throw new InvalidInputException("Name keys, documents or a filter."),
        };
        var response = new DeleteResponse();
        foreach (var slice in slices)
        {
            var outcome = await store.DeleteAsync(slice, selection, mutationId, ct);
            response.DeletedCount += outcome.DeletedChunks;
            response.Stamps.Add(ToProto(slice.Partition, outcome.Stamp));
        }

        return response;
    }

    public async Task<StageChunksResponse> StageAsync(StageChunksRequest request, CancellationToken ct)
    {
        var (slice, settings) = resolver.ResolveOne(request.Target);
        var mutationId = SliceResolver.ReadMutationId(request.MutationId);
        var profile = WorkspaceProfile.Of(settings);
        var writes = request.Chunks
            .Select(chunk => ChunkMapping.ToWrite(chunk, ChunkFields.All, Precondition.None, profile)).ToList();
        var embedded = await passages.CompleteAsync(settings, writes, Encoder.Unspecified, ct);
        var stamp = await store.StageAsync(
            slice, request.DocumentId, ReadGeneration(request.Generation), embedded, mutationId, ct);
        return new StageChunksResponse { Stamp = ToProto(slice.Partition, stamp) };
    }

    public async Task<CommitDocumentResponse> CommitAsync(CommitDocumentRequest request, CancellationToken ct)
    {
        var (slice, _) = resolver.ResolveOne(request.Target);
        var outcome = await store.CommitAsync(
            slice, request.DocumentId, ReadGeneration(request.Generation), checked((int)request.ExpectedChunks),
            Precondition.None, SliceResolver.ReadMutationId(request.MutationId), ct);
        return outcome.Status switch
        {
            CommitStatus.Committed or CommitStatus.AlreadyCommitted => new CommitDocumentResponse
            {
                Version = VersionNumber.From(outcome.Version),
                Stamp = ToProto(slice.Partition, outcome.Stamp),
            },
            CommitStatus.Incomplete => throw ShardStatus.Refuse("incomplete",
                $"Other than {request.ExpectedChunks} chunks were staged; stage them all under a new generation."),
            _ => throw ShardStatus.Refuse("unknown-generation",
                "This generation was never staged, was aborted, or is too old; stage its chunks under a new one."),
        };
    }

    public async Task<AbortDocumentResponse> AbortAsync(AbortDocumentRequest request, CancellationToken ct)
    {
        var (slice, _) = resolver.ResolveOne(request.Target);
        await store.AbortAsync(slice, request.DocumentId, ReadGeneration(request.Generation),
            SliceResolver.ReadMutationId(request.MutationId), ct);
        return new AbortDocumentResponse();
    }

    public static Stamp ToProto(int partition, WriteStamp stamp) =>
        new() { Partition = partition, Epoch = stamp.Epoch, Sequence = stamp.Sequence };

    private static Guid ReadGeneration(ByteString generation) => generation.Length == 16
        ? new Guid(generation.Span, bigEndian: true)
        : throw new InvalidInputException("The generation must have 16 bytes.");

    private static bool TryRead(
        V1.ChunkWrite item, WorkspaceProfile profile, out ChunkWrite? write, out ChunkWriteResult result)
    {
        var key = ChunkMapping.ToKey(item.Chunk?.DocumentId ?? "", item.Chunk?.ChunkId ?? "");
        result = new ChunkWriteResult { DocumentId = key.DocumentId, ChunkId = key.ChunkId };
        write = null;
        try
        {
            if (item.Chunk is null)
                throw new InvalidInputException("The item has no chunk; give it one.");
            write = ChunkMapping.ToWrite(
                item.Chunk, ChunkMapping.ToFields(item), ChunkMapping.ToPrecondition(item), profile);
            return true;
        }
        catch (InvalidInputException fault)
        {
            result.Error = new ItemError { Code = (int)Grpc.Core.StatusCode.InvalidArgument, Message = fault.Message };
            return false;
        }
    }

    private static void Complete(ChunkWriteResult result, Rag.Engine.ChunkWriteResult outcome)
    {
        var (code, message) = outcome.Status switch
        {
            ChunkWriteStatus.PreconditionFailed => (Grpc.Core.StatusCode.FailedPrecondition, outcome.Version.IsNone
                ? "There is no such chunk, so it has no version; read it again."
                : $"The chunk is at version {VersionNumber.From(outcome.Version)}; read it again and decide."),
            ChunkWriteStatus.NotFound => (Grpc.Core.StatusCode.NotFound,
                "There is no such chunk to patch; leave out the update mask to make it."),
            ChunkWriteStatus.Invalid => (Grpc.Core.StatusCode.InvalidArgument, outcome.Detail ?? "The item is invalid."),
            _ => (Grpc.Core.StatusCode.OK, ""),
        };
        if (code == Grpc.Core.StatusCode.OK)
            result.Version = VersionNumber.From(outcome.Version);
        else
            result.Error = new ItemError { Code = (int)code, Message = message };
    }
}
