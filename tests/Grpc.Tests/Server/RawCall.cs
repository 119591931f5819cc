using System.Net;
using System.Net.Http.Headers;

namespace Rag.Transport.Tests.Server;

/// <summary>A gRPC request made by hand, to send what no client of ours would.</summary>
internal sealed class RawCall : IDisposable
{
    private readonly HttpClient _http = new(new SocketsHttpHandler { UseProxy = false });

    public async Task<RawAnswer> PostAsync(string address, string path, byte[] body,
        Action<HttpRequestMessage>? change = null, string contentType = "application/grpc")
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, address + path)
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = new ByteArrayContent(body),
        };
        request.Content.Headers.ContentType = MediaTypeHeaderValue.Parse(contentType);
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        change?.Invoke(request);
        using var response = await _http.SendAsync(request);
        var bytes = await response.Content.ReadAsByteArrayAsync();
        return new RawAnswer(response.StatusCode, Flatten(response.Headers), Flatten(response.TrailingHeaders), bytes);
    }

    public void Dispose() => _http.Dispose();

    private static Dictionary<string, string> Flatten(HttpHeaders headers) =>
        headers.ToDictionary(
            header => header.Key, header => string.Join(",", header.Value), StringComparer.OrdinalIgnoreCase);
}

internal sealed record RawAnswer(
    HttpStatusCode Http, Dictionary<string, string> Headers, Dictionary<string, string> Trailers, byte[] Body)
{
    public string? Status => Trailers.GetValueOrDefault("grpc-status") ?? Headers.GetValueOrDefault("grpc-status");
}
