using Rag.Testing;

namespace Rag.Cluster.Tests.Faults;

/// <summary>PostgreSQL, alone or several that follow a primary.</summary>
internal abstract class MetadataNode(Func<string, IEnumerable<FaultProxy>> wiresOf) : FaultNode(NodeKind.Postgres, "postgres", wiresOf)
{
    /// <summary>Its servers with their ports.</summary>
    public abstract IReadOnlyDictionary<string, int> Ports { get; }

    /// <param name="hosts">Where its servers are reached, with commas between.</param>
    public abstract string ConnectionString(string hosts);

    protected override Task StopAsync() => KillAsync();

    protected override void Signal(string name) => throw new NotSupportedException("Its processes are many.");
}

/// <summary>PostgreSQL, alone.</summary>
internal sealed class LonePostgres : MetadataNode
{
    private readonly PostgresServer _server;

    private LonePostgres(PostgresServer server, Func<string, IEnumerable<FaultProxy>> wiresOf)
        : base(wiresOf) => _server = server;

    public override IReadOnlyDictionary<string, int> Ports => new Dictionary<string, int> { [Name] = _server.Port };

    public override string Output => _server.Output;

    public static async Task<LonePostgres> StartAsync(Func<string, IEnumerable<FaultProxy>> wiresOf)
    {
        var server = await PostgresServer.StartAsync();
        try
        {
            await server.CreateDatabaseAsync("rag");
            return new LonePostgres(server, wiresOf);
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    public override string ConnectionString(string hosts) => PostgresServer.ConnectionString(hosts, "rag");

    public override Task StartAsync() => _server.StartAsync();

    public override ValueTask DisposeAsync() => _server.DisposeAsync();

    protected override Task KillAsync() => _server.KillAsync();
}
