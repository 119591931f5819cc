using Grpc.Core;
using Grpc.Net.Client;

namespace Rag.Load.Driving;

/// <summary>Connections to one address, each a channel of its own.</summary>
internal sealed class Connections : IDisposable
{
    private const int MaxMessageBytes = 64 << 20;

    private readonly GrpcChannel[] _channels;

    public Connections(Uri address, int count)
    {
        _channels = [.. Enumerable.Range(0, count).Select(_ => GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = MaxMessageBytes,
            ConnectTimeout = TimeSpan.FromSeconds(5),
        }))];
        Invokers = [.. _channels.Select(channel => channel.CreateCallInvoker())];
    }

    public IReadOnlyList<CallInvoker> Invokers { get; }

    public void Dispose()
    {
        foreach (var channel in _channels)
            channel.Dispose();
    }
}
