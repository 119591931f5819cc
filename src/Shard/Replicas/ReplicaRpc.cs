using Grpc.Core;
using Microsoft.Extensions.Logging;
using Rag.Internal.V1;
using Rag.Shard.Errors;

namespace Rag.Shard.Replicas;

/// <summary>What other shards ask. Thread-safe.</summary>
internal sealed partial class ReplicaRpc(PartitionSender sender, ILogger<ReplicaRpc> logger)
    : ReplicaService.ReplicaServiceBase
{
    private readonly ILogger _logger = logger;

    public override async Task CopyPartition(
        CopyPartitionRequest request, IServerStreamWriter<CopyPartitionResponse> responseStream,
        ServerCallContext context)
    {
        LogCopying(request.Partition, request.Shard);
        try
        {
            await sender.SendAsync(request, responseStream, context.CancellationToken);
        }
        catch (Exception failure)
        {
            throw Translate(failure, context);
        }
    }

    public override Task<GetPartitionResponse> GetPartition(GetPartitionRequest request, ServerCallContext context)
    {
        try
        {
            return Task.FromResult(sender.GetPartition(request));
        }
        catch (Exception failure)
        {
            throw Translate(failure, context);
        }
    }

    private RpcException Translate(Exception failure, ServerCallContext context)
    {
        if (ShardStatus.Map(failure, context) is { } known)
            return known;
        LogUnexpected(failure, context.Method);
        return new RpcException(new Status(
            StatusCode.Internal, "The shard met an unexpected fault; its log has the details."));
    }

    [LoggerMessage(6101, LogLevel.Information, "Shard {Shard} copies partition {Partition}.")]
    private partial void LogCopying(int partition, string shard);

    [LoggerMessage(6102, LogLevel.Error, "{Method} met an unexpected fault.")]
    private partial void LogUnexpected(Exception failure, string method);
}
