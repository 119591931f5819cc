using Rag.Testing;

namespace Rag.Cluster.Tests.Faults;

/// <summary>A node of a <see cref="FaultCluster"/>, with the wires to and from it.</summary>
/// <param name="kind">Its kind.</param>
/// <param name="name">Its name.</param>
/// <param name="wiresOf">The wires to and from a server or process, by name.</param>
internal abstract class FaultNode(NodeKind kind, string name, Func<string, IEnumerable<FaultProxy>> wiresOf) : IAsyncDisposable
{
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(200);

    public NodeKind Kind => kind;

    public string Name => name;

    /// <summary>What it wrote last.</summary>
    public abstract string Output { get; }

    /// <summary>Whose wires are its own.</summary>
    protected virtual string Wired => name;

    /// <summary>Returns when it happened.</summary>
    public async Task BreakAsync(Fault fault)
    {
        switch (fault)
        {
            case Fault.Kill or Fault.FailOver:
                await KillAsync();
                break;
            case Fault.Pause:
                Signal("STOP");
                break;
            case Fault.Restart:
                await StopAsync();
                break;
            default:
                foreach (var wire in wiresOf(Wired))
                    Break(wire, fault);
                break;
        }
    }

    /// <summary>Undoes what <see cref="BreakAsync"/> did; returns when it runs again.</summary>
    public async Task MendAsync(Fault fault)
    {
        switch (fault)
        {
            case Fault.Kill or Fault.Restart or Fault.FailOver:
                await StartAsync();
                break;
            case Fault.Pause:
                Signal("CONT");
                break;
            default:
                foreach (var wire in wiresOf(Wired))
                    wire.Heal();
                break;
        }
    }

    /// <summary>Starts it, again too, and returns when it is ready.</summary>
    public abstract Task StartAsync();

    /// <summary>After <see cref="Fault.FailOver"/>: lets another one take its place, and returns when it has.</summary>
    public virtual Task PromoteAsync() => throw new NotSupportedException("There is no other one.");

    public abstract ValueTask DisposeAsync();

    protected abstract Task KillAsync();

    protected abstract Task StopAsync();

    protected abstract void Signal(string name);

    private static void Break(FaultProxy wire, Fault fault)
    {
        switch (fault)
        {
            case Fault.Cut:
                wire.Cut();
                break;
            case Fault.Silence:
                wire.Silence();
                break;
            default:
                wire.Delay(Slow);
                break;
        }
    }
}

/// <summary>A process of the product.</summary>
/// <param name="arguments">Verb and options.</param>
/// <param name="environment">Where its servers are.</param>
/// <param name="ready">What it writes when it is ready.</param>
internal sealed class RagNode(
    NodeKind kind, string name, Func<string, IEnumerable<FaultProxy>> wiresOf, string[] arguments,
    IReadOnlyDictionary<string, string?> environment, string ready) : FaultNode(kind, name, wiresOf)
{
    // A machine that builds something besides needs more than half a minute for what takes a second.
    private static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(120);

    private ChildProcess? _process;

    public override string Output => _process?.Output ?? "";

    public override async Task StartAsync()
    {
        _process = ChildProcess.Start(
            "dotnet", [Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll"), .. arguments], environment: environment);
        await _process.WaitForLineAsync(ready, StartLimit);
    }

    public override async ValueTask DisposeAsync() => await KillAsync();

    protected override async Task KillAsync()
    {
        if (Interlocked.Exchange(ref _process, null) is { } process)
            await process.DisposeAsync();
    }

    protected override async Task StopAsync()
    {
        _process!.Terminate();
        (await _process.WaitForExitAsync(StartLimit)).ShouldBe(0, $"{Name}: {Output}");
        await KillAsync();
    }

    protected override void Signal(string name) => _process!.Signal(name);
}

/// <summary>A server of NATS.</summary>
internal sealed class NatsNode(string name, NatsServer server, Func<string, IEnumerable<FaultProxy>> wiresOf)
    : FaultNode(NodeKind.Nats, name, wiresOf)
{
    public override string Output => server.Output;

    public override Task StartAsync() => server.StartAgainAsync();

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;

    protected override Task KillAsync() => server.KillAsync();

    protected override Task StopAsync() => server.StopAsync();

    protected override void Signal(string name) => server.Signal(name);
}
