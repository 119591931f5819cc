namespace NATS.Client.Core.Connecting;

/// <summary>What a <see cref="ConnectionLoop"/> reports. Called from its task; must not wait.</summary>
internal abstract class ConnectionSignals
{
    public abstract void Opened(string server);

    public abstract void Disconnected(string reason);

    public abstract void ReconnectFailed(string reason);

    public abstract void LameDuck(Uri server);
}
