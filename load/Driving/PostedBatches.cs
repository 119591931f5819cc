using System.Buffers;
using System.Collections.Concurrent;
using Grpc.Core;
using Rag.Hosting.Wire;
using Rag.Load.Measuring;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>
/// Posted searches in batches, as a service sends them that gathers its users' searches: what waits for a call goes together,
/// as many as a batch may hold, without waiting for more to come.
/// </summary>
internal sealed class PostedBatches : IPostedSearches
{
    // SearchBatchRequest, SearchBatchResponse
    private const byte Items = 1 << 3 | 2;

    private readonly ConcurrentQueue<(RawMessage Search, Operation Operation, long Due, TrafficMeter Meter)> _waiting = new();
    private readonly ConcurrentQueue<RawMessage> _free = new();
    private readonly VectorQueries _queries;
    private readonly Caller[] _callers;
    private readonly int _size;
    private readonly TimeSpan _timeout;
    private int _underWay;

    public PostedBatches(Connections connections, VectorQueries queries, int size, int atATime, TimeSpan timeout)
    {
        (_queries, _size, _timeout) = (queries, size, timeout);
        _callers = [.. Enumerable.Range(0, atATime).Select(
            i => new Caller(this, connections.Invokers[i % connections.Invokers.Count]))];
    }

    public int UnderWay => Volatile.Read(ref _underWay);

    public void Post(Operation operation, long due, TrafficMeter meter)
    {
        if (UnderWay >= PostedTable.Size)
        {
            PostedTable.Refuse(due, meter);
            return;
        }

        operation = operation with { Number = VectorQueries.NumberOf(operation.Number) };
        Interlocked.Increment(ref _underWay);
        if (!_free.TryDequeue(out var message))
            message = new RawMessage();
        message.Bytes.Clear();
        message.Bytes.Bytes(Items, _queries.Get(operation));
        _waiting.Enqueue((message, operation, due, meter));
    }

    public void Flush()
    {
        foreach (var caller in _callers)
        {
            if (_waiting.IsEmpty)
                return;
            caller.TryStart();
        }
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var caller in _callers)
            await caller.Running;
    }

    /// <summary>Makes one call after the other as long as searches wait.</summary>
    private sealed class Caller
    {
        private readonly PostedBatches _searches;
        private readonly CallInvoker _invoker;
        private readonly Method<RawMessage, RawMessage> _method;
        private readonly List<(Operation Operation, long Due, TrafficMeter Meter)> _sent = [];
        private readonly RawMessage _batch = new();
        private int _isRunning;
        private bool _isAnswered;

        public Caller(PostedBatches searches, CallInvoker invoker)
        {
            (_searches, _invoker) = (searches, invoker);
            _method = RawMessage.Method(MethodType.Unary, RawMessage.SearchService, "SearchBatch", static _ => { }, See);
        }

        public Task Running { get; private set; } = Task.CompletedTask;

        public void TryStart()
        {
            if (Interlocked.Exchange(ref _isRunning, 1) == 0)
                Running = RunAsync();
        }

        private async Task RunAsync()
        {
            do
            {
                while (Gather())
                    await SendAsync();
                Volatile.Write(ref _isRunning, 0);
                // One that came in between would wait for the next flush.
            }
            while (!_searches._waiting.IsEmpty && Interlocked.Exchange(ref _isRunning, 1) == 0);
        }

        private bool Gather()
        {
            _sent.Clear();
            _batch.Bytes.Clear();
            while (_sent.Count < _searches._size && _searches._waiting.TryDequeue(out var one))
            {
                var bytes = one.Search.Bytes.Written;
                bytes.CopyTo(_batch.Bytes.GetSpan(bytes.Length));
                _batch.Bytes.Advance(bytes.Length);
                _sent.Add((one.Operation, one.Due, one.Meter));
                _searches._free.Enqueue(one.Search);
            }

            return _sent.Count > 0;
        }

        private async Task SendAsync()
        {
            _isAnswered = false;
            try
            {
                using var call = _invoker.AsyncUnaryCall(
                    _method, null, new CallOptions(deadline: DateTime.UtcNow + _searches._timeout), _batch);
                await call.ResponseAsync;
            }
            catch (Exception failure) when (!_isAnswered)
            {
                foreach (var (_, due, meter) in _sent)
                    meter.Fail(due, failure);
            }
            catch (RpcException)
            {
                // The answer came before whatever this is.
            }

            Interlocked.Add(ref _searches._underWay, -_sent.Count);
        }

        private void See(ReadOnlySequence<byte> payload)
        {
            var rented = payload.IsSingleSegment ? null : ArrayPool<byte>.Shared.Rent((int)payload.Length);
            if (rented is not null)
                payload.CopyTo(rented);
            _isAnswered = true;
            var reader = new WireReader(rented is null ? payload.FirstSpan : rented.AsSpan(0, (int)payload.Length));
            foreach (var (operation, due, meter) in _sent)
            {
                if (!reader.TryReadTag(out var tag) || tag != Items || !reader.TryReadBytes(out var result))
                    meter.Fail(due, BatchSearcher.ToException(null));
                else if (!AnswerBytes.IsResponse(result))
                    meter.Fail(due, BatchSearcher.ToException(SearchResult.Parser.ParseFrom(result).Error));
                else
                {
                    meter.Succeed(due);
                    if (meter.WantsSample)
                        meter.AddSample(operation, AnswerBytes.Ids(SearchResult.Parser.ParseFrom(result).Response));
                }
            }

            if (rented is not null)
                ArrayPool<byte>.Shared.Return(rented);
        }
    }
}
