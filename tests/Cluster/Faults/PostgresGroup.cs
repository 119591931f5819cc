using Npgsql;
using Rag.Cli.Clusters;
using Rag.Cli.Composition;
using Rag.Cli.Output;
using Rag.Testing;

namespace Rag.Cluster.Tests.Faults;

/// <summary>
/// A primary of PostgreSQL and two replicas, run, killed and promoted by what is behind <c>rag cluster</c>. What happens to
/// it happens to the server that is primary at that time.
/// </summary>
internal sealed class PostgresGroup : MetadataNode
{
    private const int Servers = 3;

    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);

    private readonly TemporaryFolder _data;
    private readonly ClusterFolder _folder;
    private readonly ClusterControl _control;
    private readonly string _first;
    private string _killed = "";

    private PostgresGroup(TemporaryFolder data, Func<string, IEnumerable<FaultProxy>> wiresOf)
        : base(wiresOf)
    {
        _data = data;
        var own = new DataFolder(data.Path);
        _folder = new ClusterFolder(own);
        _control = new ClusterControl(own, _folder, new Terminal(TextWriter.Null, TextWriter.Null, TextReader.Null));
        var state = new ClusterPlan(_folder, new NodePorts([], any: true)).Create(new ClusterSize(0, 1, 0, 0, 0, Servers));
        _first = state.PostgresPrimary!;
        _folder.Write(state);
    }

    public override IReadOnlyDictionary<string, int> Ports => State.Nodes.ToDictionary(node => node.Name, node => new Uri(node.Address).Port);

    public override string Output => string.Join(
        '\n', State.Nodes.Select(node => _folder.LogFile(node.Name)).Where(File.Exists).SelectMany(log => File.ReadLines(log).TakeLast(20)));

    protected override string Wired => State.PostgresPrimary ?? _first;

    private ClusterState State => _folder.Require();

    public static async Task<PostgresGroup> StartAsync(Func<string, IEnumerable<FaultProxy>> wiresOf)
    {
        var data = new TemporaryFolder();
        // The server's own user, which root starts it as, has to pass through.
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(data.Path, (UnixFileMode)0b111_001_001);
        var group = new PostgresGroup(data, wiresOf);
        try
        {
            foreach (var name in group.State.Nodes.Select(node => node.Name).ToList())
                await group.StartAsync(name);
            await PostgresNodes.CreateDatabaseAsync(group.State, CancellationToken.None);
            return group;
        }
        catch
        {
            await group.DisposeAsync();
            throw;
        }
    }

    public override string ConnectionString(string hosts) =>
        new NpgsqlConnectionStringBuilder(PostgresNodes.ConnectionString(State)) { Host = hosts }.ConnectionString;

    public override Task StartAsync() => StartAsync(_killed);

    public override Task PromoteAsync() => _control.PromoteAsync(State, name: null, CancellationToken.None).WaitAsync(Limit);

    public override async ValueTask DisposeAsync()
    {
        await _control.DownAsync(State);
        PostgresFolder.Erase(_folder);
        _data.Dispose();
    }

    protected override Task KillAsync()
    {
        _killed = Wired;
        return _control.KillAsync(State, _killed);
    }

    private Task StartAsync(string name) => _control.StartAsync(State, name, CancellationToken.None).WaitAsync(Limit);
}
