using System.Net;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>
/// The body of a call with one request: a message framed beforehand, so that a message that cannot be serialised
/// never reaches the connection. May be sent again when the server refused the stream unseen.
/// </summary>
internal sealed class SingleMessageContent(PooledBuffer message) : HttpContent, IResendableContent
{
    private readonly Lock _gate = new();
    private int _sending;
    private bool _over;

    public ValueTask<bool> CanSendAgainAsync() => new(true);

    /// <summary>Gives the buffer back, at once or when it is not being sent any more.</summary>
    public void End()
    {
        lock (_gate)
        {
            if (_over)
                return;
            _over = true;
            if (_sending == 0)
                message.Dispose();
        }
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(
        Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_over)
                throw new IOException("The call has ended.");
            _sending++;
        }

        // A failed write may leave the buffer in the connection's queue; then the pool never gets it back.
        await stream.WriteAsync(message.Written, cancellationToken);
        lock (_gate)
        {
            _sending--;
            if (_over && _sending == 0)
                message.Dispose();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }
}
