using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace Rag.Cli.Clusters;

/// <summary>What a node says of itself.</summary>
internal static class NodeHealth
{
    public const string Ready = "ready";

    /// <summary>It lives and does not serve yet, or not any more.</summary>
    public const string NotReady = "not ready";

    /// <summary>It was started and its process is gone.</summary>
    public const string Dead = "dead";

    /// <summary>It was stopped, or never started.</summary>
    public const string Stopped = "stopped";

    // A machine on which all of it starts at once is slow to answer.
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private static readonly HttpClient Http = new() { Timeout = Patience };

    public static async Task<string> AskAsync(ClusterNode node, CancellationToken cancellationToken)
    {
        if (node.Process is null)
            return Stopped;
        if (!node.Process.IsAlive())
            return Dead;
        var serves = node.Kind switch
        {
            NodeKind.Nats => await AskHttpAsync(node.Health, cancellationToken),
            NodeKind.Postgres => await PostgresNodes.IsReadyAsync(node, cancellationToken),
            _ => await AskGrpcAsync(node.Health, cancellationToken),
        };
        return serves ? Ready : NotReady;
    }

    private static async Task<bool> AskHttpAsync(string address, CancellationToken cancellationToken)
    {
        try
        {
            using var response = await Http.GetAsync(new Uri(address), cancellationToken);
            return response.IsSuccessStatusCode;
        }
        catch (Exception failure)
            when (failure is HttpRequestException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }

    private static async Task<bool> AskGrpcAsync(string address, CancellationToken cancellationToken)
    {
        using var channel = GrpcChannel.ForAddress(address);
        try
        {
            using var call = new Health.HealthClient(channel).CheckAsync(
                new HealthCheckRequest(), deadline: DateTime.UtcNow + Patience, cancellationToken: cancellationToken);
            return (await call.ResponseAsync).Status == HealthCheckResponse.Types.ServingStatus.Serving;
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return false;
        }
    }
}
