using Rag.Client;

namespace Rag.Cli.Composition;

/// <summary>An engine to call: somewhere else, or in this process as long as this lives.</summary>
internal sealed class EngineConnection : IAsyncDisposable
{
    private readonly IAsyncDisposable? _engine;

    public EngineConnection(RagClient client, string description, IAsyncDisposable? engine = null)
    {
        Client = client;
        Description = description;
        _engine = engine;
    }

    public RagClient Client { get; }

    /// <summary>Its address, or that it runs in this process.</summary>
    public string Description { get; }

    public bool IsInProcess => _engine is not null;

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        if (_engine is not null)
            await _engine.DisposeAsync();
    }
}
