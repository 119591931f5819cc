using System.Threading.Channels;
using Grpc.Core;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>
/// Searches that wait for a call go together, as a service does that gathers its users' searches: as many as a batch may
/// hold, without waiting for more to come. Each counts from its own moment.
/// </summary>
internal sealed class BatchSearcher : ISearcher
{
    private readonly Channel<(SearchRequest Request, TaskCompletionSource<SearchResponse> Answer)> _waiting =
        Channel.CreateUnbounded<(SearchRequest, TaskCompletionSource<SearchResponse>)>();

    private readonly Task[] _loops;
    private readonly int _size;
    private readonly TimeSpan _timeout;

    public BatchSearcher(Connections connections, int size, int atATime, TimeSpan timeout)
    {
        _size = size;
        _timeout = timeout;
        var clients = connections.Invokers.Select(invoker => new SearchService.SearchServiceClient(invoker)).ToArray();
        _loops = [.. Enumerable.Range(0, atATime).Select(i => Task.Run(() => RunAsync(clients[i % clients.Length])))];
    }

    public Task<SearchResponse> SearchAsync(SearchRequest request, CancellationToken cancellationToken)
    {
        var answer = new TaskCompletionSource<SearchResponse>();
        _waiting.Writer.TryWrite((request, answer));
        return cancellationToken.CanBeCanceled ? answer.Task.WaitAsync(cancellationToken) : answer.Task;
    }

    public async ValueTask DisposeAsync()
    {
        _waiting.Writer.TryComplete();
        await Task.WhenAll(_loops);
    }

    /// <summary>The failure of one search among many.</summary>
    public static RpcException ToException(ItemError? error) => new(new Status(
        (StatusCode)(error?.Code ?? (int)StatusCode.Internal), error?.Message ?? "The answer has no result."));

    private async Task RunAsync(SearchService.SearchServiceClient client)
    {
        var batch = new List<TaskCompletionSource<SearchResponse>>(_size);
        while (await _waiting.Reader.WaitToReadAsync())
        {
            batch.Clear();
            var request = new SearchBatchRequest();
            while (batch.Count < _size && _waiting.Reader.TryRead(out var one))
            {
                request.Searches.Add(one.Request);
                batch.Add(one.Answer);
            }

            if (batch.Count > 0)
                await SendAsync(client, request, batch);
        }
    }

    private async Task SendAsync(SearchService.SearchServiceClient client, SearchBatchRequest request,
        List<TaskCompletionSource<SearchResponse>> batch)
    {
        try
        {
            var response = await client.SearchBatchAsync(request, new CallOptions(deadline: DateTime.UtcNow + _timeout));
            for (var i = 0; i < batch.Count; i++)
            {
                var result = i < response.Results.Count ? response.Results[i] : null;
                if (result?.Response is { } found)
                    batch[i].TrySetResult(found);
                else
                    batch[i].TrySetException(ToException(result?.Error));
            }
        }
        catch (Exception failure)
        {
            foreach (var answer in batch)
                answer.TrySetException(failure);
        }
    }
}
