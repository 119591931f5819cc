using System.Net;
using System.Net.Http.Headers;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>Makes the HTTP request of a call.</summary>
internal static class CallHeaders
{
    private static readonly MediaTypeHeaderValue ContentType = new(HeaderNames.ContentTypePrefix);

    private static readonly string UserAgent =
        $"rag-grpc/{typeof(CallHeaders).Assembly.GetName().Version?.ToString(3)} (.NET {Environment.Version})";

    /// <summary>The call's metadata with what its credentials add.</summary>
    public static ValueTask<Metadata?> WithCredentialsAsync(
        GrpcChannel channel, IMethod method, CallOptions options, CancellationToken cancellationToken)
    {
        if (channel.CallCredentials is null && options.Credentials is null)
            return new ValueTask<Metadata?>(options.Headers);
        return ApplyAsync(channel, method, options, cancellationToken);
    }

    public static HttpRequestMessage CreateRequest(GrpcChannel channel, IMethod method, string? host,
        Metadata? metadata, string? encoding, TimeSpan? remaining, HttpContent content)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, channel.AddressOf(method))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
            Content = content,
        };
        content.Headers.ContentType = ContentType;
        var headers = request.Headers;
        headers.TryAddWithoutValidation("te", "trailers");
        headers.TryAddWithoutValidation(HeaderNames.AcceptEncoding, channel.Compressions.AcceptEncoding);
        if (host is not null)
            headers.Host = host;
        if (encoding is not null)
            headers.TryAddWithoutValidation(HeaderNames.Encoding, encoding);
        if (remaining is { } timeout)
            headers.TryAddWithoutValidation(TimeoutHeader.Name, TimeoutHeader.Format(timeout));
        var namesAgent = false;
        if (metadata is not null)
        {
            foreach (var entry in metadata)
            {
                if (HeaderNames.IsReserved(entry.Key) || entry.Key == HeaderNames.EncodingRequest)
                    continue;
                namesAgent |= entry.Key == "user-agent";
                headers.TryAddWithoutValidation(entry.Key, MetadataHeaders.Encode(entry));
            }
        }

        if (!namesAgent)
            headers.TryAddWithoutValidation("user-agent", UserAgent);
        return request;
    }

    private static async ValueTask<Metadata?> ApplyAsync(
        GrpcChannel channel, IMethod method, CallOptions options, CancellationToken cancellationToken)
    {
        if (!channel.SendsCallCredentials)
        {
            throw new RpcException(new Status(StatusCode.Unauthenticated,
                "Call credentials are not sent over cleartext; use https:// or allow it in the channel's options."));
        }

        var metadata = new Metadata();
        foreach (var entry in options.Headers ?? Metadata.Empty)
            metadata.Add(entry);
        var context = channel.AuthContextOf(method, cancellationToken);
        if (channel.CallCredentials is not null)
            await channel.CallCredentials.ApplyAsync(context, metadata);
        if (options.Credentials is not null)
            await options.Credentials.ApplyAsync(context, metadata);
        return metadata;
    }
}
