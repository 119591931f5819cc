namespace Rag.Shard.Replication.Nats;

/// <summary>
/// Names on the NATS servers. Several clusters may share servers: each has its own word in all of them.
/// <code>
/// stream RAG_CLUSTER_log_0…      subjects rag.CLUSTER.log.STREAM.PARTITION
/// stream RAG_CLUSTER_epochs      subjects rag.CLUSTER.epochs.PARTITION
/// bucket RAG_CLUSTER_floors      keys     SHARD.STREAM
/// subjects rag.CLUSTER.replica.SHARD      questions of one shard to another
/// </code>
/// </summary>
internal sealed class LogSubjects
{
    private readonly int _streams;

    /// <param name="cluster">The cluster's name on NATS, as all of it has there: Nats:Cluster.</param>
    /// <param name="streams">Number of log streams.</param>
    public LogSubjects(string cluster, int streams)
    {
        ArgumentException.ThrowIfNullOrEmpty(cluster);
        Cluster = cluster;
        _streams = streams;
    }

    public string Cluster { get; }

    public string Epochs => $"RAG_{Cluster}_epochs";

    public string EpochSubjects => $"rag.{Cluster}.epochs.*";

    public string Floors => $"RAG_{Cluster}_floors";

    public int StreamOf(int partition) => partition % _streams;

    public string Stream(int stream) => $"RAG_{Cluster}_log_{stream}";

    public string StreamSubjects(int stream) => $"rag.{Cluster}.log.{stream}.*";

    public string Subject(int partition) => $"rag.{Cluster}.log.{StreamOf(partition)}.{partition}";

    public string Epoch(int partition) => $"rag.{Cluster}.epochs.{partition}";

    public string Replica(string shard) => $"rag.{Cluster}.replica.{shard.Replace(".", "=", StringComparison.Ordinal)}";

    public string Floor(string shard, int stream) => $"{shard.Replace(".", "=", StringComparison.Ordinal)}.{stream}";
}
