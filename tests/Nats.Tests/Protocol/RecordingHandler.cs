using System.Buffers;
using System.Text;
using NATS.Client.Core.Protocol;

namespace Rag.Nats.Tests.Protocol;

/// <summary>Writes down what the parser finds.</summary>
internal sealed class RecordingHandler : IProtocolHandler
{
    public List<string> Found { get; } = [];

    /// <summary>Asks the parser to stop after each message.</summary>
    public bool StopsAfterEach { get; init; }

    public bool OnMessage(in MessageFrame frame)
    {
        Found.Add($"MSG {Encoding.UTF8.GetString(frame.Subject)} {frame.Sid} [{Encoding.UTF8.GetString(frame.ReplyTo)}] "
            + $"{Convert.ToHexString(frame.Headers.ToArray())}|{Convert.ToHexString(frame.Payload.ToArray())}");
        return !StopsAfterEach;
    }

    public void OnInfo(ServerInfo info) => Found.Add($"INFO {info.Id} {info.MaxPayload} {string.Join(';', info.ClientConnectUrls)}");

    public void OnPing() => Found.Add("PING");

    public void OnPong() => Found.Add("PONG");

    public void OnError(string error) => Found.Add($"ERR {error}");
}
