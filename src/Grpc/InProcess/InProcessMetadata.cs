using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.InProcess;

/// <summary>Metadata on its way through the process: what the wire would carry, and no more.</summary>
internal static class InProcessMetadata
{
    /// <summary>The metadata of a call, with what its credentials add.</summary>
    public static ValueTask<Metadata> CopyAsync(
        CallOptions options, IMethod method, CancellationToken cancellationToken)
    {
        if (options.Credentials is not null)
            return WithCredentialsAsync(options, options.Credentials, method, cancellationToken);
        return new ValueTask<Metadata>(options.Headers is { Count: > 0 } headers ? Copy(headers) : Metadata.Empty);
    }

    public static Metadata Copy(Metadata source)
    {
        var copy = new Metadata(source.Count);
        foreach (var entry in source)
        {
            if (!HeaderNames.IsReserved(entry.Key) && entry.Key != HeaderNames.EncodingRequest)
                copy.Add(entry);
        }

        return copy.Freeze();
    }

    private static async ValueTask<Metadata> WithCredentialsAsync(
        CallOptions options, CallCredentials credentials, IMethod method, CancellationToken cancellationToken)
    {
        var metadata = new Metadata();
        foreach (var entry in options.Headers ?? Metadata.Empty)
            metadata.Add(entry);
        await credentials.ApplyAsync(
            new AuthInterceptorContext($"inprocess/{method.ServiceName}", method.Name, cancellationToken), metadata);
        return Copy(metadata);
    }
}
