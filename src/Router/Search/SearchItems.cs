using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.Hosting.Overload;
using Rag.Router.Access;
using Rag.Router.Errors;
using Rag.Router.Services;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Searches that come many at a time, each with a result or an error of its own. Thread-safe.</summary>
internal sealed class SearchItems(
    SearchHandler search, SearchAdmission admission, CallPipeline pipeline, RouterOptions options)
{
    private const int MaxBatch = 1000;

    /// <summary>A search of a stream may name no longer time than this.</summary>
    private static readonly TimeSpan MaxItemTimeout = TimeSpan.FromHours(1);

    public async Task<SearchBatchResponse> BatchAsync(
        SearchBatchRequest request, ServerCallContext context, CallScope scope)
    {
        var count = request.Searches.Count;
        if (count is 0 or > MaxBatch)
            throw Refuse.Invalid("searches", $"There are {count}: send 1 to {MaxBatch}.");
        var results = new SearchResult[count];
        await Parallel.ForAsync(0, count, Limits(options.BatchParallelism, scope), async (i, _) =>
            results[i] = await SearchOneAsync(request.Searches[i], context, scope));
        var response = new SearchBatchResponse();
        response.Results.AddRange(results);
        return response;
    }

    /// <summary>
    /// Answers as they are ready. A caller that does not read its answers stops being read from when as many searches
    /// as may run at a time wait to be written.
    /// </summary>
    public async Task<bool> StreamAsync(
        IAsyncStreamReader<SearchStreamRequest> requests, IServerStreamWriter<SearchStreamResponse> responses,
        ServerCallContext context, CallScope scope)
    {
        await new SearchStreamPump(
            requests, responses, options.StreamParallelism,
            item => SearchInTimeAsync(item, DateTime.UtcNow, context, scope)).RunAsync(scope.Token);
        return true;
    }

    private static ParallelOptions Limits(int parallelism, CallScope scope) =>
        new() { MaxDegreeOfParallelism = parallelism, CancellationToken = scope.Token };

    private async Task<SearchResult> SearchInTimeAsync(
        SearchStreamRequest item, DateTime arrived, ServerCallContext context, CallScope scope)
    {
        var limit = TimeoutOf(item.Timeout);
        if (item.Search is null || limit is null)
        {
            var fault = item.Search is null
                ? Refuse.Invalid("search", "The item has no search: give it one.")
                : Refuse.Invalid("timeout", $"It must be above 0 and at most {MaxItemTimeout}, or be left out.");
            return new SearchResult { Error = RouterStatus.ToItem(pipeline.Translate(fault, context, scope.Deadline)) };
        }

        var deadline = arrived + limit.Value;
        return await SearchOneAsync(
            item.Search, context, deadline < scope.Deadline ? scope with { Deadline = deadline } : scope);
    }

    /// <summary>A stream may go on for days: a search without a timeout of its own ends all the same.</summary>
    private TimeSpan? TimeoutOf(Duration? timeout)
    {
        if (timeout is null)
            return options.DefaultTimeout;
        var ticks = timeout.Seconds * (double)TimeSpan.TicksPerSecond + timeout.Nanos / 100.0;
        return ticks >= 1 && ticks <= MaxItemTimeout.Ticks ? TimeSpan.FromTicks((long)ticks) : null;
    }

    private async Task<SearchResult> SearchOneAsync(SearchRequest request, ServerCallContext context, CallScope scope)
    {
        try
        {
            pipeline.Authorize(context, request.Workspace, WorkspaceAction.Search);
            var answer = await admission.EnterAsync(request.Workspace, scope);
            return answer == DoorAnswer.Admitted
                ? new SearchResult { Response = await search.SearchAsync(request, scope) }
                : new SearchResult { Error = admission.RefusalFor(answer, scope).ToItem() };
        }
        catch (Exception error) when (!scope.Token.IsCancellationRequested)
        {
            return new SearchResult { Error = RouterStatus.ToItem(pipeline.Translate(error, context, scope.Deadline)) };
        }
    }
}
