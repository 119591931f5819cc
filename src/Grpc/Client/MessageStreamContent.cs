using System.IO.Pipelines;
using System.Net;

namespace Grpc.Net.Client;

/// <summary>
/// The body of a call with a stream of requests. Messages pass a pipe whose reader runs on the writer's own thread:
/// <code>
///   WriteAsync → pipe → (same thread) → HTTP/2 stream        while the connection keeps up
///   WriteAsync → pipe ┐
///   WriteAsync → pipe ┴→ one write of all that has gathered   while it does not
/// </code>
/// The pipe holds 64 KiB before writers wait, which is what slows them down to the server's pace.
/// </summary>
internal sealed class MessageStreamContent : HttpContent, IResendableContent
{
    private const int PauseBytes = 64 * 1024;
    private const int ResumeBytes = 32 * 1024;
    private const int SegmentBytes = 16 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.ThreadPool,
        pauseWriterThreshold: PauseBytes, resumeWriterThreshold: ResumeBytes,
        minimumSegmentSize: SegmentBytes, useSynchronizationContext: false));

    private readonly Lock _gate = new();
    private Task _sending = Task.CompletedTask;
    private bool _isSending;
    private bool _sentAny;
    private bool _abandoned;

    public PipeWriter Output => _pipe.Writer;

    /// <summary>Why sending stopped early, or null.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Wakes a writer when nobody will send any more, because the call has ended.</summary>
    public void Abandon()
    {
        lock (_gate)
        {
            _abandoned = true;
            if (!_isSending)
                _pipe.Reader.Complete();
        }
    }

    /// <summary>True if no message has left the pipe.</summary>
    public async ValueTask<bool> CanSendAgainAsync()
    {
        try
        {
            // A reset stream ends its body at once.
            await _sending;
        }
        catch (Exception)
        {
            // The failure is the call's, which is being looked at.
        }

        return !_sentAny;
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken) =>
        _sending = SendAsync(stream, cancellationToken);

    private async Task SendAsync(Stream stream, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_isSending || _sentAny || _abandoned)
                throw new IOException("This stream of requests cannot be sent any more.");
            _isSending = true;
        }

        try
        {
            // The server shall see the call before its first message.
            await stream.FlushAsync(cancellationToken);
            await PumpAsync(stream, cancellationToken);
            _sentAny = true;
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
        finally
        {
            lock (_gate)
            {
                _isSending = false;
                if (_sentAny || _abandoned)
                    _pipe.Reader.Complete();
            }
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    private async Task PumpAsync(Stream stream, CancellationToken cancellationToken)
    {
        var input = _pipe.Reader;
        while (true)
        {
            var result = await input.ReadAsync(cancellationToken);
            var buffer = result.Buffer;
            _sentAny |= !buffer.IsEmpty;
            foreach (var segment in buffer)
                await stream.WriteAsync(segment, cancellationToken);
            if (!buffer.IsEmpty && !result.IsCompleted)
                await stream.FlushAsync(cancellationToken);
            input.AdvanceTo(buffer.End);
            if (result.IsCompleted)
                return;
        }
    }
}
