using System.Collections.Concurrent;
using Rag.Shard.Replication;

namespace Rag.Shard.Tests.Replication;

/// <summary>Reports in memory.</summary>
internal sealed class FakeFloors : IFloorStore
{
    private readonly ConcurrentDictionary<(string Shard, int Stream), FloorReport> _reports = new();

    public ValueTask ReportAsync(string shard, int stream, FloorReport report, CancellationToken cancellationToken)
    {
        _reports[(shard, stream)] = report;
        return ValueTask.CompletedTask;
    }

    public ValueTask<FloorReport?> FindAsync(string shard, int stream, CancellationToken cancellationToken) =>
        ValueTask.FromResult(_reports.GetValueOrDefault((shard, stream)));
}
