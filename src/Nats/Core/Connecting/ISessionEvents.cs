using NATS.Client.Core.Protocol;

namespace NATS.Client.Core.Connecting;

/// <summary>What a server says beside messages. Called on the reading task.</summary>
internal interface ISessionEvents
{
    void OnInfo(ServerLink link, ServerInfo info);

    void OnServerError(ServerLink link, string error);
}
