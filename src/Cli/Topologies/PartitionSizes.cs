using Grpc.Core;
using Grpc.Net.Client;
using Rag.Hosting.Topology;
using Rag.Internal.V1;

namespace Rag.Cli.Topologies;

/// <summary>How much each partition holds, by what the shards that can be reached say.</summary>
internal sealed class PartitionSizes
{
    private const int Parallelism = 16;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    private readonly Dictionary<int, long> _bytes = [];
    private readonly List<string> _silent = [];

    private PartitionSizes()
    {
    }

    /// <summary>Shards that did not answer: what they alone hold counts as nothing.</summary>
    public IReadOnlyList<string> Silent => _silent;

    /// <summary>Asks every shard.</summary>
    public static async Task<PartitionSizes> AskAsync(ClusterTopology topology, CancellationToken cancellationToken)
    {
        var sizes = new PartitionSizes();
        var limits = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(topology.Shards, limits, sizes.AskAsync);
        sizes._silent.Sort(StringComparer.Ordinal);
        return sizes;
    }

    /// <summary>About what a copy of the partition moves.</summary>
    public long Of(int partition) => _bytes.GetValueOrDefault(partition);

    private async ValueTask AskAsync(ShardNode shard, CancellationToken cancellationToken)
    {
        using var channel = GrpcChannel.ForAddress(shard.Address);
        try
        {
            using var call = new ShardService.ShardServiceClient(channel).GetStatusAsync(
                new GetStatusRequest { PartitionSizes = true }, deadline: DateTime.UtcNow + Patience,
                cancellationToken: cancellationToken);
            Add(await call.ResponseAsync);
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            lock (_silent)
                _silent.Add(shard.Name);
        }
    }

    private void Add(GetStatusResponse status)
    {
        lock (_bytes)
        {
            foreach (var size in status.PartitionSizes)
                _bytes[size.Partition] = Math.Max(_bytes.GetValueOrDefault(size.Partition), size.Bytes);
        }
    }
}
