using Google.Rpc;
using Rag.Testing;
using Rag.V1;

namespace Rag.Interop.Tests.Running;

/// <summary>One run of a peer's client over the engine's own API, against a real <c>rag serve</c> process.</summary>
public abstract class EngineRun : ClientRun
{
    private readonly TemporaryFolder _data = new();

    public static IReadOnlyList<string> Steps { get; } =
    [
        "create_workspace", "upsert_and_search", "bulk_upsert", "search_stream", "ingest_text_and_watch",
        "ingest_file_in_pieces", "errors_say_what_to_do",
    ];

    public override async ValueTask InitializeAsync()
    {
        var port = FreePort.Next();
        var program = Path.Combine(AppContext.BaseDirectory, "Rag.Cli.dll");
        await using var engine = ChildProcess.Start("dotnet",
            [program, "serve", "--data", _data.Combine("data"), "--listen", $"http://127.0.0.1:{port}"]);
        await engine.WaitForLineAsync("listening on", TimeSpan.FromSeconds(90));
        await RunAsync(port, Steps);
    }

    public override ValueTask DisposeAsync()
    {
        _data.Dispose();
        return default;
    }
}

/// <inheritdoc/>
public sealed class NodeEngineRun : EngineRun
{
    private protected override Task<ChildProcess> StartAsync(int port, IReadOnlyList<string> cases) =>
        PeerTools.StartNodeAsync("rag.mjs", [port.ToString(), .. cases]);
}

/// <inheritdoc/>
public sealed class PythonEngineRun : EngineRun
{
    private readonly TemporaryFolder _folder = new();

    private protected override Task<ChildProcess> StartAsync(int port, IReadOnlyList<string> cases)
    {
        var descriptors = _folder.Combine("rag.binpb");
        PeerTools.WriteDescriptors(descriptors, WorkspaceServiceReflection.Descriptor,
            ChunkServiceReflection.Descriptor, SearchServiceReflection.Descriptor,
            IngestServiceReflection.Descriptor, StatusReflection.Descriptor);
        return PeerTools.StartPythonAsync("rag.py", descriptors, [port.ToString(), .. cases]);
    }
}
