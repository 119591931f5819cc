using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;
using Microsoft.Extensions.Hosting;
using Rag.Hosting.Overload;
using Rag.Internal.V1;
using Rag.Shard.Errors;

namespace Rag.Shard.Services;

/// <summary>
/// Searches that come over a stream: run side by side, answered as they are ready. A router that reads slowly, or sends
/// more than may be under way, is slowed down by the stream's own flow control. Ends early when the host stops: what is
/// under way is answered, and the router goes elsewhere with the rest. Thread-safe.
/// <code>
/// read ─► slot ─► search, side by side ─► bounded queue ─► one writer; what has gathered leaves together
/// </code>
/// </summary>
internal sealed class SearchStreams(
    SearchHandler search, SearchAdmission admission, ShardOptions options, IHostApplicationLifetime? lifetime = null)
{
    private static readonly WriteOptions MoreComes = new(WriteFlags.BufferHint);

    /// <summary>Serves one stream to its end.</summary>
    /// <param name="unexpected">Told of failures that nobody expected.</param>
    public Task RunAsync(
        IAsyncStreamReader<SearchStreamRequest> requests, IServerStreamWriter<SearchStreamResponse> responses,
        Action<Exception> unexpected, CancellationToken ct) =>
        new Session(search, admission, options.SearchesPerStream, unexpected).RunAsync(
            requests, responses, lifetime?.ApplicationStopping ?? default, ct);

    private sealed class Session(
        SearchHandler search, SearchAdmission admission, int underWay, Action<Exception> unexpected)
    {
        private readonly ConcurrentDictionary<ulong, CancellationTokenSource> _running = new();
        private readonly SemaphoreSlim _slots = new(underWay);
        private readonly Channel<SearchStreamResponse> _answers = Channel.CreateBounded<SearchStreamResponse>(
            new BoundedChannelOptions(underWay) { SingleReader = true });

        public async Task RunAsync(
            IAsyncStreamReader<SearchStreamRequest> requests, IServerStreamWriter<SearchStreamResponse> responses,
            CancellationToken stopping, CancellationToken ct)
        {
            using var reading = CancellationTokenSource.CreateLinkedTokenSource(ct, stopping);
            using var broken = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var writing = WriteAsync(responses, broken);
            try
            {
                while (await requests.MoveNext(reading.Token))
                    await TakeAsync(requests.Current, broken.Token);
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested && !ct.IsCancellationRequested)
            {
                // No more questions; those under way are answered.
            }
            finally
            {
                // Every slot is free when every search has put its answer into the queue.
                for (var i = 0; i < underWay; i++)
                    await _slots.WaitAsync(CancellationToken.None);
                _answers.Writer.Complete();
                await writing;
                _slots.Dispose();
            }
        }

        private async Task TakeAsync(SearchStreamRequest request, CancellationToken ct)
        {
            if (request.Search is null)
            {
                if (_running.TryGetValue(request.Id, out var unwanted))
                    Cancel(unwanted);
                return;
            }

            await _slots.WaitAsync(ct);
            // The deadline counts from here: what came before is the network's.
            var stop = CancellationTokenSource.CreateLinkedTokenSource(ct);
            var deadline = DateTime.MaxValue;
            if (request.TimeoutMs > 0)
            {
                var timeout = TimeSpan.FromMilliseconds(Math.Min(request.TimeoutMs, int.MaxValue));
                deadline = DateTime.UtcNow + timeout;
                stop.CancelAfter(timeout);
            }

            _running[request.Id] = stop;
            _ = Task.Run(() => AnswerAsync(request, stop, deadline), CancellationToken.None);
        }

        private async Task AnswerAsync(SearchStreamRequest request, CancellationTokenSource stop, DateTime deadline)
        {
            var response = new SearchStreamResponse { Id = request.Id };
            try
            {
                var answer = await admission.EnterAsync(request.Search.Target, deadline, stop.Token);
                if (answer == DoorAnswer.Admitted)
                    response.Search = await search.SearchAsync(request.Search, deadline, stop.Token);
                else
                    response.Failure = ToFailure(admission.RefusalFor(answer, stop.Token), deadline);
            }
            catch (Exception failure)
            {
                response.Failure = ToFailure(failure, deadline);
            }

            _running.TryRemove(request.Id, out _);
            stop.Dispose();
            // Never fails: the queue is completed only after this.
            await _answers.Writer.WriteAsync(response, CancellationToken.None);
            _slots.Release();
        }

        private async Task WriteAsync(IServerStreamWriter<SearchStreamResponse> responses, CancellationTokenSource broken)
        {
            var isBroken = false;
            await foreach (var response in _answers.Reader.ReadAllAsync(CancellationToken.None))
            {
                if (isBroken)
                    continue;
                try
                {
                    responses.WriteOptions = _answers.Reader.TryPeek(out _) ? MoreComes : WriteOptions.Default;
                    await responses.WriteAsync(response);
                }
                catch (Exception gone) when (gone is OperationCanceledException or IOException or InvalidOperationException
                    or RpcException)
                {
                    // The router is gone: what is under way is for nobody.
                    isBroken = true;
                    await broken.CancelAsync();
                }
            }
        }

        private SearchStreamFailure ToFailure(Exception failure, DateTime deadline)
        {
            if (ShardStatus.Map(failure, deadline) is not { } known)
            {
                unexpected(failure);
                known = new RpcException(new Status(
                    StatusCode.Internal, "The shard met an unexpected fault; its log has the details."));
            }

            var result = new SearchStreamFailure { Code = (int)known.StatusCode, Message = known.Status.Detail };
            foreach (var trailer in known.Trailers)
            {
                if (!trailer.IsBinary)
                    result.Trailers[trailer.Key] = trailer.Value;
            }

            return result;
        }

        private static void Cancel(CancellationTokenSource stop)
        {
            try
            {
                stop.Cancel();
            }
            catch (ObjectDisposedException)
            {
                // It has just been answered.
            }
        }
    }
}
