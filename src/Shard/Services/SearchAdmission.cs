using System.Globalization;
using Grpc.Core;
using Rag.Hosting.Overload;
using Rag.Internal.V1;
using Rag.Shard.Errors;

namespace Rag.Shard.Services;

/// <summary>The door that searches of other processes' routers pass. Thread-safe.</summary>
internal sealed class SearchAdmission(SearchDoor<Guid> door, ShardOptions options)
{
    /// <summary>Lets a search in, at once or when its turn comes.</summary>
    /// <param name="deadline">UTC.</param>
    public ValueTask<DoorAnswer> EnterAsync(Target? target, DateTime deadline, CancellationToken ct) =>
        // One without a workspace is refused by whoever looks into it.
        target is { WorkspaceUid.Length: 16 }
            ? door.EnterAsync(SliceResolver.ReadUid(target), deadline, ct)
            : new ValueTask<DoorAnswer>(DoorAnswer.Admitted);

    /// <summary>A search that comes by itself.</summary>
    public async Task<SearchSlicesResponse> SearchAsync(
        SearchHandler search, SearchSlicesRequest request, ServerCallContext context)
    {
        var answer = await EnterAsync(request.Target, context.Deadline, context.CancellationToken);
        return answer == DoorAnswer.Admitted
            ? await search.SearchAsync(request, context.Deadline, context.CancellationToken)
            : throw RefusalFor(answer, context.CancellationToken);
    }

    /// <summary>What to tell one that was not let in.</summary>
    public Exception RefusalFor(DoorAnswer answer, CancellationToken ct) => answer switch
    {
        DoorAnswer.Cancelled => new OperationCanceledException(ct),
        DoorAnswer.Late => new RpcException(new Status(
            StatusCode.DeadlineExceeded, "The deadline passed before this search had its turn: allow more time.")),
        _ => new RpcException(
            new Status(StatusCode.ResourceExhausted,
                "The shard has more searches than it can serve: try again after the retry delay, and send fewer at a time."),
            new Metadata
            {
                {
                    ShardStatus.RetryTrailer,
                    ((long)options.Overload.RetryDelayAt(Random.Shared.NextDouble()).TotalMilliseconds)
                        .ToString(CultureInfo.InvariantCulture)
                },
            }),
    };
}
