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
internal sealed class MessageStreamContent : HttpContent
{
    private const int PauseBytes = 64 * 1024;
    private const int ResumeBytes = 32 * 1024;
    private const int SegmentBytes = 16 * 1024;

    private readonly Pipe _pipe = new(new PipeOptions(
        readerScheduler: PipeScheduler.Inline, writerScheduler: PipeScheduler.ThreadPool,
        pauseWriterThreshold: PauseBytes, resumeWriterThreshold: ResumeBytes,
        minimumSegmentSize: SegmentBytes, useSynchronizationContext: false));

    private int _started;

    public PipeWriter Output => _pipe.Writer;

    /// <summary>Why sending stopped early, or null.</summary>
    public Exception? Failure { get; private set; }

    /// <summary>Wakes a writer when the call never sent its body.</summary>
    public void Abandon()
    {
        if (Interlocked.Exchange(ref _started, 1) == 0)
            _pipe.Reader.Complete();
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _started, 1) != 0)
            throw new IOException("A stream of requests cannot be sent a second time.");
        try
        {
            // The server shall see the call before its first message.
            await stream.FlushAsync(cancellationToken);
            await PumpAsync(stream, cancellationToken);
        }
        catch (Exception e)
        {
            Failure = e;
            throw;
        }
        finally
        {
            await _pipe.Reader.CompleteAsync();
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
