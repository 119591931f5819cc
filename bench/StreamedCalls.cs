using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Threading.Channels;
using Grpc.Core;

namespace Rag.Benchmarks;

/// <summary>
/// Questions and answers over a few streams that stay open: each message begins with the question's number, a bounded
/// number is under way, and what waits to be written leaves together. As much of such a protocol as a measurement needs.
/// </summary>
internal sealed class StreamedCalls : IAsyncDisposable
{
    public const int NumberBytes = 8;

    private readonly Lane[] _lanes;
    private int _turn;

    public StreamedCalls(CallInvoker invoker, Method<byte[], byte[]> method, int lanes) =>
        _lanes = [.. Enumerable.Range(0, lanes).Select(_ => new Lane(invoker, method))];

    public Task<byte[]> CallAsync(byte[] question) =>
        _lanes[(uint)Interlocked.Increment(ref _turn) % _lanes.Length].CallAsync(question);

    public async ValueTask DisposeAsync()
    {
        foreach (var lane in _lanes)
            await lane.DisposeAsync();
    }

    /// <summary>Answers the questions of one stream side by side.</summary>
    public static async Task ServeAsync(
        IAsyncStreamReader<byte[]> questions, IServerStreamWriter<byte[]> answers, Func<byte[], Task<byte[]>> answer)
    {
        var queue = Channel.CreateBounded<byte[]>(1024);
        var writing = WriteAsync(queue.Reader, answers);
        while (await questions.MoveNext(default))
            _ = AnswerAsync(questions.Current);
        queue.Writer.Complete();
        await writing;

        async Task AnswerAsync(byte[] question)
        {
            await Task.Yield();
            var body = await answer(question);
            var message = new byte[NumberBytes + body.Length];
            question.AsSpan(0, NumberBytes).CopyTo(message);
            body.CopyTo(message.AsSpan(NumberBytes));
            await queue.Writer.WriteAsync(message);
        }
    }

    private static async Task WriteAsync(ChannelReader<byte[]> queue, IAsyncStreamWriter<byte[]> to)
    {
        var more = new WriteOptions(WriteFlags.BufferHint);
        while (await queue.WaitToReadAsync())
        {
            while (queue.TryRead(out var message))
            {
                to.WriteOptions = queue.TryPeek(out _) ? more : WriteOptions.Default;
                await to.WriteAsync(message);
            }
        }
    }

    private sealed class Lane : IAsyncDisposable
    {
        private readonly ConcurrentDictionary<long, TaskCompletionSource<byte[]>> _waiting = new();
        private readonly Channel<byte[]> _queue = Channel.CreateBounded<byte[]>(1024);
        private readonly AsyncDuplexStreamingCall<byte[], byte[]> _call;
        private readonly Task _reading;
        private readonly Task _writing;
        private long _next;

        public Lane(CallInvoker invoker, Method<byte[], byte[]> method)
        {
            _call = invoker.AsyncDuplexStreamingCall(method, null, default);
            _reading = ReadAsync();
            _writing = WriteAsync(_queue.Reader, _call.RequestStream);
        }

        public async Task<byte[]> CallAsync(byte[] question)
        {
            var number = Interlocked.Increment(ref _next);
            var answer = new TaskCompletionSource<byte[]>(TaskCreationOptions.RunContinuationsAsynchronously);
            _waiting[number] = answer;
            var message = new byte[NumberBytes + question.Length];
            BinaryPrimitives.WriteInt64LittleEndian(message, number);
            question.CopyTo(message.AsSpan(NumberBytes));
            await _queue.Writer.WriteAsync(message);
            return await answer.Task;
        }

        public async ValueTask DisposeAsync()
        {
            _queue.Writer.Complete();
            await _writing;
            await _call.RequestStream.CompleteAsync();
            await _reading;
            _call.Dispose();
        }

        private async Task ReadAsync()
        {
            while (await _call.ResponseStream.MoveNext(default))
            {
                var answer = _call.ResponseStream.Current;
                if (_waiting.TryRemove(BinaryPrimitives.ReadInt64LittleEndian(answer), out var waiting))
                    waiting.SetResult(answer);
            }
        }
    }
}
