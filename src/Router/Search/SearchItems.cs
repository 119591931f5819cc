using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.Hosting.Overload;
using Rag.Hosting.Wire;
using Rag.Router.Access;
using Rag.Router.Errors;
using Rag.Router.Services;
using Rag.Router.Shards;
using Rag.Router.Wire;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Searches that come many at a time, each with a result or an error of its own. Thread-safe.</summary>
internal sealed class SearchItems(
    SearchHandler search, PlainSearcher plain, SearchAdmission admission, CallPipeline pipeline, RouterOptions options)
{
    /// <summary>Searches of a batch.</summary>
    public const int MaxBatch = 1000;

    /// <summary>Fewer searches of a batch than this are not worth another thread.</summary>
    private const int MinShare = 16;

    // SearchBatchResponse
    private const byte Results = 1 << 3 | 2;

    // SearchResult
    private const byte Response = 1 << 3 | 2;

    // SearchStreamResponse
    private const byte CorrelationId = 1 << 3 | 0;
    private const byte Result = 2 << 3 | 2;

    /// <summary>A search of a stream may name no longer time than this.</summary>
    private static readonly TimeSpan MaxItemTimeout = TimeSpan.FromHours(1);

    /// <summary>Answers in the order of the searches: the plain ones first, at once, the others side by side.</summary>
    public async Task<SearchAnswer> BatchAsync(SearchBatchCall batch, ServerCallContext context, CallScope scope)
    {
        var items = batch.Items;
        CheckCount(items.Count);
        var results = new BatchResults(items.Count);
        try
        {
            await AnswerPlainAsync(items, results, context, scope);
            if (results.Missing is { Count: > 0 } others)
            {
                await Parallel.ForEachAsync(others, Limits(options.BatchParallelism, scope), async (i, _) =>
                {
                    var bytes = items[i].IsPlain ? results.Rent() : null;
                    var response = bytes?.Begin(Response) ?? 0;
                    if (await SearchOneAsync(items[i], bytes, context, scope) is { } message)
                    {
                        results.Messages[i] = message;
                        return;
                    }

                    bytes!.End(response);
                    results.Set(i, bytes, 0);
                });
            }

            return results.ToAnswer(Results);
        }
        finally
        {
            results.Return();
        }
    }

    /// <summary>The same for a caller in this process, by messages.</summary>
    public async Task<SearchBatchResponse> BatchAsync(
        SearchBatchRequest request, ServerCallContext context, CallScope scope)
    {
        var count = request.Searches.Count;
        CheckCount(count);
        var results = new SearchResult[count];
        await Parallel.ForAsync(0, count, Limits(options.BatchParallelism, scope), async (i, _) =>
        {
            var call = SearchCall.Of(request.Searches[i]);
            try
            {
                results[i] = (await SearchOneAsync(call, null, context, scope))!;
            }
            finally
            {
                call.Return();
            }
        });
        var response = new SearchBatchResponse();
        response.Results.AddRange(results);
        return response;
    }

    /// <summary>
    /// Answers as they are ready. A caller that does not read its answers stops being read from when as many searches
    /// as may run at a time wait to be written.
    /// </summary>
    public async Task<bool> StreamAsync(
        IAsyncStreamReader<SearchCall> calls, IServerStreamWriter<SearchAnswer> answers, ServerCallContext context,
        CallScope scope)
    {
        await new SearchStreamPump(calls, answers, options.StreamParallelism, new StreamHandler(this, context, scope))
            .RunAsync(scope.Token);
        return true;
    }

    private static void CheckCount(int count)
    {
        if (count is 0 or > MaxBatch)
            throw Refuse.Invalid("searches", $"There are {(count == 0 ? "none" : $"more than {MaxBatch}")}: send 1 to {MaxBatch}.");
    }

    private static ParallelOptions Limits(int parallelism, CallScope scope) =>
        new() { MaxDegreeOfParallelism = parallelism, CancellationToken = scope.Token };

    private async ValueTask AnswerPlainAsync(
        List<SearchCall> items, BatchResults results, ServerCallContext context, CallScope scope)
    {
        var shares = Math.Clamp(items.Count / MinShare, 1, Math.Min(Environment.ProcessorCount, options.BatchParallelism));
        if (shares == 1)
        {
            Answer(0, items.Count);
            return;
        }

        // The first share is this thread's own.
        var others = new Task[shares - 1];
        for (var share = 1; share < shares; share++)
        {
            var (from, to) = (items.Count * share / shares, items.Count * (share + 1) / shares);
            others[share - 1] = Task.Run(() => Answer(from, to), CancellationToken.None);
        }

        Answer(0, items.Count / shares);
        await Task.WhenAll(others);

        void Answer(int from, int to)
        {
            var bytes = results.Rent();
            for (var i = from; i < to; i++)
            {
                var start = bytes.Length;
                var response = bytes.Begin(Response);
                if (IsInTime(scope.Deadline, scope) && plain.TryAnswer(items[i], context, bytes))
                {
                    bytes.End(response);
                    results.Set(i, bytes, start);
                }
                else
                {
                    bytes.TruncateTo(start);
                    results.Miss(i);
                }
            }
        }
    }

    private static bool IsInTime(DateTime deadline, CallScope scope) =>
        !scope.Token.IsCancellationRequested && deadline > DateTime.UtcNow;

    private SearchAnswer? TryAnswer(SearchCall call, DateTime arrived, ServerCallContext context, CallScope scope)
    {
        if (!call.IsPlain || TimeoutOf(call.Timeout) is not { } limit || !IsInTime(Earlier(arrived + limit, scope.Deadline), scope))
            return null;
        var envelope = new ItemEnvelope(call.CorrelationId);
        if (!plain.TryAnswer(call, context, envelope.Bytes))
        {
            envelope.Answer.Return();
            return null;
        }

        call.Return();
        return envelope.End();
    }

    private async Task<SearchAnswer> AnswerAsync(
        SearchCall call, DateTime arrived, ServerCallContext context, CallScope scope)
    {
        var envelope = new ItemEnvelope(call.CorrelationId);
        var number = call.CorrelationId;
        var result = await SearchInTimeAsync(call, envelope.Bytes, arrived, context, scope);
        call.Return();
        if (result is null)
            return envelope.End();
        envelope.Answer.Return();
        return SearchAnswer.Of(new SearchStreamResponse { CorrelationId = number, Result = result });
    }

    private async Task<SearchResult?> SearchInTimeAsync(
        SearchCall call, WireBuffer bytes, DateTime arrived, ServerCallContext context, CallScope scope)
    {
        var limit = TimeoutOf(call.Timeout);
        if (limit is null || call is { IsPlain: false, Message: null })
        {
            var fault = call is { IsPlain: false, Message: null }
                ? Refuse.Invalid("search", "The item has no search: give it one.")
                : Refuse.Invalid("timeout", $"It must be above 0 and at most {MaxItemTimeout}, or be left out.");
            return new SearchResult { Error = RouterStatus.ToItem(pipeline.Translate(fault, context, scope.Deadline)) };
        }

        return await SearchOneAsync(
            call, bytes, context, scope with { Deadline = Earlier(arrived + limit.Value, scope.Deadline) });
    }

    private static DateTime Earlier(DateTime left, DateTime right) => left < right ? left : right;

    /// <summary>A stream may go on for days: a search without a timeout of its own ends all the same.</summary>
    private TimeSpan? TimeoutOf(Duration? timeout)
    {
        if (timeout is null)
            return options.DefaultTimeout;
        var ticks = timeout.Seconds * (double)TimeSpan.TicksPerSecond + timeout.Nanos / 100.0;
        return ticks >= 1 && ticks <= MaxItemTimeout.Ticks ? TimeSpan.FromTicks((long)ticks) : null;
    }

    /// <summary>
    /// One search, from the gate on. Null: the answer, the fields of a rag.v1.SearchResponse, was appended to the bytes.
    /// </summary>
    private async Task<SearchResult?> SearchOneAsync(
        SearchCall call, WireBuffer? bytes, ServerCallContext context, CallScope scope)
    {
        try
        {
            if (!call.IsAdmitted)
            {
                var workspace = call.WorkspaceName;
                pipeline.Authorize(context, workspace, WorkspaceAction.Search);
                var answer = await admission.EnterAsync(workspace, scope);
                if (answer != DoorAnswer.Admitted)
                    return new SearchResult { Error = admission.RefusalFor(answer, scope).ToItem() };
                if (bytes is not null && plain.TryAnswer(call, null, bytes))
                    return null;
            }

            return new SearchResult { Response = await search.SearchAsync(call.ToMessage()!, scope) };
        }
        catch (Exception error) when (!scope.Token.IsCancellationRequested)
        {
            return new SearchResult { Error = RouterStatus.ToItem(pipeline.Translate(error, context, scope.Deadline)) };
        }
    }

    /// <summary>A rag.v1.SearchStreamResponse around the fields of a rag.v1.SearchResponse.</summary>
    private readonly struct ItemEnvelope
    {
        private readonly int _result;
        private readonly int _response;

        public ItemEnvelope(ulong number)
        {
            Answer = SearchAnswer.Rent();
            if (number != 0)
                Bytes.Varint(CorrelationId, number);
            _result = Bytes.Begin(Result);
            _response = Bytes.Begin(Response);
        }

        public SearchAnswer Answer { get; }

        public WireBuffer Bytes => Answer.Bytes;

        public SearchAnswer End()
        {
            Bytes.End(_response);
            Bytes.End(_result);
            return Answer;
        }
    }

    private sealed class StreamHandler(SearchItems items, ServerCallContext context, CallScope scope) : ISearchStreamHandler
    {
        public SearchAnswer? TryAnswer(SearchCall call, DateTime arrived) => items.TryAnswer(call, arrived, context, scope);

        public Task<SearchAnswer> AnswerAsync(SearchCall call, DateTime arrived) =>
            items.AnswerAsync(call, arrived, context, scope);
    }
}
