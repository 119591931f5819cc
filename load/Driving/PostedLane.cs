using System.Buffers;
using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.Load.Measuring;
using Rag.V1;

namespace Rag.Load.Driving;

/// <summary>
/// One search stream of bytes: searches that were posted leave together, answers are looked at as far as is needed to count
/// them. When it breaks all that are under way fail. One thread posts.
/// </summary>
internal sealed class PostedLane : IAsyncDisposable
{
    // SearchStreamRequest
    private const byte CorrelationId = 1 << 3 | 0;
    private const byte Search = 2 << 3 | 2;
    private const byte Timeout = 3 << 3 | 2;

    private static readonly WriteOptions More = new(WriteFlags.BufferHint);

    private readonly PostedTable _table = new();
    private readonly byte[] _timeout;
    private readonly ConcurrentQueue<RawMessage> _free = new();
    private readonly AsyncDuplexStreamingCall<RawMessage, RawMessage> _call;
    private readonly Lock _gate = new();
    private readonly Task _reading;
    private List<RawMessage> _posted = [];
    private List<RawMessage> _ready = [];
    private List<RawMessage> _written = [];
    private Task _writing = Task.CompletedTask;
    private bool _isWriting;
    private volatile Exception? _broken;

    public PostedLane(CallInvoker invoker, TimeSpan timeout)
    {
        _timeout = Duration.FromTimeSpan(timeout).ToByteArray();
        _call = invoker.AsyncDuplexStreamingCall(
            RawMessage.Method(MethodType.DuplexStreaming, RawMessage.SearchService, "SearchStream", _free.Enqueue, See), null, default);
        _reading = Task.Run(ReadAsync);
    }

    public bool IsBroken => _broken is not null;

    public int UnderWay => _table.Count;

    public void Post(Operation operation, ReadOnlySpan<byte> search, long due, TrafficMeter meter)
    {
        var number = _table.Add(operation, due, meter);
        if (number == 0)
        {
            PostedTable.Refuse(due, meter);
            return;
        }

        // Whoever breaks it fails what stands in the table by then.
        if (_broken is { } broken)
        {
            _table.FailAll(broken);
            return;
        }

        if (!_free.TryDequeue(out var message))
            message = new RawMessage();
        message.Bytes.Clear();
        message.Bytes.Varint(CorrelationId, number);
        message.Bytes.Bytes(Search, search);
        message.Bytes.Bytes(Timeout, _timeout);
        _posted.Add(message);
    }

    /// <summary>Sends what was posted, or leaves it to the write under way.</summary>
    public void Flush()
    {
        if (_posted.Count == 0)
            return;
        lock (_gate)
        {
            _ready.AddRange(_posted);
            _posted.Clear();
            if (_isWriting)
                return;
            _isWriting = true;
        }

        _writing = WriteAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await _writing;
        if (!IsBroken)
            await _call.RequestStream.CompleteAsync();
        await Task.WhenAny(_reading, Task.Delay(TimeSpan.FromSeconds(5)));
        _call.Dispose();
        await _reading;
    }

    private async Task WriteAsync()
    {
        try
        {
            while (TryTakeReady())
            {
                for (var i = 0; i < _written.Count; i++)
                {
                    _call.RequestStream.WriteOptions = i + 1 < _written.Count ? More : WriteOptions.Default;
                    await _call.RequestStream.WriteAsync(_written[i]);
                }

                _written.Clear();
            }
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException or OperationCanceledException)
        {
            // The reader knows why, and tells all that wait.
            Break(failure);
        }
    }

    private bool TryTakeReady()
    {
        lock (_gate)
        {
            _isWriting = _ready.Count > 0;
            (_ready, _written) = (_written, _ready);
            return _isWriting;
        }
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await _call.ResponseStream.MoveNext(CancellationToken.None))
            {
                // Its bytes have been seen.
            }

            Break(new RpcException(new Status(StatusCode.Unavailable, "The stream has ended.")));
        }
        catch (Exception failure)
        {
            Break(failure as RpcException ?? new RpcException(new Status(StatusCode.Internal, failure.Message)));
        }
    }

    private void Break(Exception failure)
    {
        _broken ??= failure;
        _table.FailAll(failure);
    }

    private void See(ReadOnlySequence<byte> payload)
    {
        var answer = AnswerBytes.ReadItem(payload);
        if (!_table.TryRemove(answer.Number, out var operation, out var due, out var meter))
            return;
        if (!answer.IsResponse)
        {
            meter.Fail(due, BatchSearcher.ToException(SearchStreamResponse.Parser.ParseFrom(payload).Result?.Error));
            return;
        }

        meter.Succeed(due);
        if (meter.WantsSample)
            meter.AddSample(operation, AnswerBytes.Ids(SearchStreamResponse.Parser.ParseFrom(payload).Result.Response));
    }
}
