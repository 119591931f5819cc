using Grpc.Core;
using Rag.V1;

namespace Rag.Client.Tests;

/// <summary>A search service that answers as a test tells it to.</summary>
internal sealed class FakeSearchService(Func<SearchRequest, int, SearchResponse> answer) : SearchService.SearchServiceBase
{
    private int _calls;

    public int Calls => Volatile.Read(ref _calls);

    public override Task<SearchResponse> Search(SearchRequest request, ServerCallContext context) =>
        Task.FromResult(answer(request, Interlocked.Increment(ref _calls)));

    /// <summary>Answers in reverse order of pairs, so that correlation matters; "fail" fails, "end" breaks the stream.</summary>
    public override async Task SearchStream(
        IAsyncStreamReader<SearchStreamRequest> requests, IServerStreamWriter<SearchStreamResponse> responses,
        ServerCallContext context)
    {
        SearchStreamRequest? held = null;
        while (await requests.MoveNext(context.CancellationToken))
        {
            var request = requests.Current;
            if (request.Search.Text == "end")
                throw new RpcException(new Status(StatusCode.Unavailable, "the router went away"));
            if (held is null && request.Search.Text == "hold")
            {
                held = request;
                continue;
            }

            await responses.WriteAsync(Answer(request));
            if (held is not null)
                await responses.WriteAsync(Answer(held));
            held = null;
        }
    }

    private SearchStreamResponse Answer(SearchStreamRequest request) => new()
    {
        CorrelationId = request.CorrelationId,
        Result = request.Search.Text == "fail"
            ? new SearchResult { Error = new ItemError { Code = (int)StatusCode.NotFound, Message = "no such workspace" } }
            : new SearchResult { Response = answer(request.Search, Interlocked.Increment(ref _calls)) },
    };
}
