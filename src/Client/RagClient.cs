using Grpc.Core;
using Grpc.Net.Client;

namespace Rag.Client;

/// <summary>
/// Calls a search engine: workspaces, chunks, searches, files. Make one and share it; it is thread-safe and holds its
/// connections open.
/// <code>
/// await using var rag = RagClient.Connect("http://127.0.0.1:7700");
/// await rag.Workspaces.CreateAsync(new Workspace { Name = "handbook" });
/// var handbook = rag.Workspace("handbook");
/// await handbook.Documents.IngestFileAsync("handbook.md");
/// var answer = await handbook.SearchAsync("how do I claim travel costs?");
/// </code>
/// </summary>
public sealed class RagClient : IAsyncDisposable, IDisposable
{
    private readonly GrpcChannel? _channel;
    private readonly CallRunner _calls;

    /// <summary>Uses an invoker that somebody else owns: a channel with interceptors, or an engine in this process.</summary>
    public RagClient(CallInvoker invoker, RagClientOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(invoker);
        Invoker = invoker;
        _calls = new CallRunner(options ?? new RagClientOptions());
        Workspaces = new WorkspacesClient(invoker, _calls);
        Embeddings = new EmbeddingsClient(invoker, _calls);
        Searches = new SearchClient(invoker, _calls);
    }

    private RagClient(GrpcChannel channel, RagClientOptions options)
        : this(channel.CreateCallInvoker(), options) => _channel = channel;

    /// <summary>For the generated clients of <c>Rag.V1</c>, where something is not wrapped here.</summary>
    public CallInvoker Invoker { get; }

    /// <summary>Makes, changes and removes workspaces.</summary>
    public WorkspacesClient Workspaces { get; }

    /// <summary>Turns text into vectors.</summary>
    public EmbeddingsClient Embeddings { get; }

    /// <summary>Searches over several workspaces: batches and streams.</summary>
    public SearchClient Searches { get; }

    /// <summary>Connects to a router or to <c>rag serve</c>; the connection is made by the first call.</summary>
    /// <param name="address">Such as <c>http://127.0.0.1:7700</c>; <c>https</c> for TLS.</param>
    public static RagClient Connect(string address, RagClientOptions? options = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(address);
        options ??= new RagClientOptions();
        var channel = GrpcChannel.ForAddress(address, new GrpcChannelOptions
        {
            MaxReceiveMessageSize = options.MaxMessageBytes,
            MaxSendMessageSize = options.MaxMessageBytes,
            ConnectTimeout = TimeSpan.FromSeconds(5),
            KeepAlivePingDelay = TimeSpan.FromSeconds(30),
        });
        return new RagClient(channel, options);
    }

    /// <summary>Everything in one workspace. Cheap; calls nobody.</summary>
    public WorkspaceClient Workspace(string name) => new(name, Invoker, _calls, Searches);

    public void Dispose() => _channel?.Dispose();

    public ValueTask DisposeAsync()
    {
        Dispose();
        return ValueTask.CompletedTask;
    }
}
