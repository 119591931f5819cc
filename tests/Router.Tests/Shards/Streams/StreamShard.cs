using Grpc.Core;
using Rag.Internal.V1;

namespace Rag.Router.Tests.Shards.Streams;

/// <summary>A shard that answers searches by their k, after a while that a test decides, over streams or one by one.</summary>
internal sealed class StreamShard(bool hasStreams) : ShardService.ShardServiceBase
{
    private int _unary;
    private int _streams;
    private int _cancelled;

    public int Unary => Volatile.Read(ref _unary);

    public int Streams => Volatile.Read(ref _streams);

    public int Cancelled => Volatile.Read(ref _cancelled);

    /// <summary>Runs before each answer: may wait or throw.</summary>
    public Func<SearchSlicesRequest, CancellationToken, Task> Before { get; set; } = (_, _) => Task.CompletedTask;

    public override Task<SearchSlicesResponse> SearchSlices(SearchSlicesRequest request, ServerCallContext context)
    {
        Interlocked.Increment(ref _unary);
        return AnswerAsync(request, context.CancellationToken);
    }

    public override async Task SearchStream(
        IAsyncStreamReader<SearchStreamRequest> requestStream, IServerStreamWriter<SearchStreamResponse> responseStream,
        ServerCallContext context)
    {
        if (!hasStreams)
            throw new RpcException(new Status(StatusCode.Unimplemented, "Not known."));
        Interlocked.Increment(ref _streams);
        using var turn = new SemaphoreSlim(1);
        var stops = new Dictionary<ulong, CancellationTokenSource>();
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var request = requestStream.Current;
            if (request.Search is null)
            {
                Interlocked.Increment(ref _cancelled);
                await stops[request.Id].CancelAsync();
                continue;
            }

            var stop = stops[request.Id] = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken);
            _ = Task.Run(async () =>
            {
                var response = new SearchStreamResponse { Id = request.Id };
                try
                {
                    response.Search = await AnswerAsync(request.Search, stop.Token);
                }
                catch (RpcException failure)
                {
                    response.Failure = new SearchStreamFailure
                    {
                        Code = (int)failure.StatusCode, Message = failure.Status.Detail,
                        Trailers = { failure.Trailers.ToDictionary(one => one.Key, one => one.Value) },
                    };
                }

                await turn.WaitAsync();
                await responseStream.WriteAsync(response);
                turn.Release();
            });
        }
    }

    private async Task<SearchSlicesResponse> AnswerAsync(SearchSlicesRequest request, CancellationToken ct)
    {
        await Before(request, ct);
        return new SearchSlicesResponse { Stamps = { new Stamp { Partition = request.K } } };
    }
}
