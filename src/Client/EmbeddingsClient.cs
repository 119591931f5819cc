using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>Turns text into vectors with the server's models. Thread-safe.</summary>
public sealed class EmbeddingsClient
{
    private readonly EmbeddingService.EmbeddingServiceClient _service;
    private readonly CallRunner _calls;

    internal EmbeddingsClient(CallInvoker invoker, CallRunner calls)
    {
        _service = new EmbeddingService.EmbeddingServiceClient(invoker);
        _calls = calls;
    }

    /// <summary>Embeds 1 to 1,000 texts of at most 64 KiB each.</summary>
    public Task<EmbedResponse> EmbedAsync(EmbedRequest request, CancellationToken cancellationToken = default) =>
        _calls.RunAsync(options => _service.EmbedAsync(request, options), cancellationToken);

    /// <summary>The vector of one query by the default model's full encoder.</summary>
    public async Task<float[]> EmbedQueryAsync(string text, CancellationToken cancellationToken = default)
    {
        var request = new EmbedRequest { Texts = { text }, Purpose = EmbedPurpose.Query };
        var response = await EmbedAsync(request, cancellationToken);
        return response.Vectors[0].ToArray();
    }
}
