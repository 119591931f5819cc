namespace NATS.Client.Core.Protocol;

/// <summary>Takes what a <see cref="ProtocolParser"/> finds, in order, on the reading task.</summary>
internal interface IProtocolHandler
{
    /// <summary>False asks the parser to stop after this message, because its queue has no room.</summary>
    bool OnMessage(in MessageFrame frame);

    void OnInfo(ServerInfo info);

    void OnPing();

    void OnPong();

    void OnError(string error);
}
