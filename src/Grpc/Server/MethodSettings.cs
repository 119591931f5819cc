using Grpc.Framing;
using Grpc.Net.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>The options of a method's service, as its calls use them. Immutable and thread-safe.</summary>
internal sealed class MethodSettings
{
    public MethodSettings(GrpcServiceOptions options)
    {
        Limits = new MessageLimits(options.MaxSendMessageSize, options.MaxReceiveMessageSize);
        Compressions = new CompressionProviders(options.CompressionProviders);
        DetailedErrors = options.EnableDetailedErrors;
        ResponseCompression = FindCompression(options.ResponseCompressionAlgorithm, options);
        Options = options;
    }

    public MessageLimits Limits { get; }

    public CompressionProviders Compressions { get; }

    public bool DetailedErrors { get; }

    public OutgoingCompression? ResponseCompression { get; }

    private GrpcServiceOptions Options { get; }

    /// <summary>The compression of a name, or null for identity and unknown ones.</summary>
    public OutgoingCompression? FindCompression(string? algorithm) => FindCompression(algorithm, Options);

    private OutgoingCompression? FindCompression(string? algorithm, GrpcServiceOptions options) =>
        algorithm is not null && Compressions.Find(algorithm) is { } provider
            ? new OutgoingCompression(provider, options.ResponseCompressionLevel)
            : null;
}
