using System.IO.Compression;
using Grpc.Net.Compression;

namespace Grpc.AspNetCore.Server;

/// <summary>How a server serves its calls; read once, when services are mapped.</summary>
public class GrpcServiceOptions
{
    /// <summary>Default of <see cref="MaxReceiveMessageSize"/>: 4 MiB.</summary>
    public const int DefaultReceiveMaxMessageSize = 4 * 1024 * 1024;

    /// <summary>Largest response message in bytes before compression; null, the default, is no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Largest request message in bytes after unpacking; 4 MiB by default, null is no limit.</summary>
    public int? MaxReceiveMessageSize { get; set; } = DefaultReceiveMaxMessageSize;

    /// <summary>Whether callers see the message of an unexpected exception; false by default.</summary>
    public bool EnableDetailedErrors { get; set; }

    /// <summary>
    /// What responses are compressed with, for callers that accept it: <c>gzip</c>, <c>deflate</c> or a name from
    /// <see cref="CompressionProviders"/>; null, the default, is not at all.
    /// </summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    /// <summary>How hard to compress; null is the provider's own level.</summary>
    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>The compressions understood; gzip and deflate by default.</summary>
    public IList<ICompressionProvider> CompressionProviders { get; set; } =
        [.. Net.Compression.CompressionProviders.Defaults];

    /// <summary>What stands before every handler, outermost first.</summary>
    public InterceptorCollection Interceptors { get; } = [];

    /// <summary>
    /// Whether calls of unknown services and methods are left to other endpoints instead of being answered with
    /// UNIMPLEMENTED; false by default.
    /// </summary>
    public bool? IgnoreUnknownServices { get; set; }

    /// <summary>
    /// How long calls may go on after the host was asked to stop, 5 s by default; then their tokens fire and callers
    /// get UNAVAILABLE. Below the host's own shutdown timeout.
    /// </summary>
    public TimeSpan ShutdownDrain { get; set; } = TimeSpan.FromSeconds(5);

    internal void CopyTo(GrpcServiceOptions other)
    {
        other.MaxSendMessageSize = MaxSendMessageSize;
        other.MaxReceiveMessageSize = MaxReceiveMessageSize;
        other.EnableDetailedErrors = EnableDetailedErrors;
        other.ResponseCompressionAlgorithm = ResponseCompressionAlgorithm;
        other.ResponseCompressionLevel = ResponseCompressionLevel;
        other.CompressionProviders = [.. CompressionProviders];
        other.IgnoreUnknownServices = IgnoreUnknownServices;
        other.ShutdownDrain = ShutdownDrain;
        foreach (var interceptor in Interceptors)
            other.Interceptors.Add(interceptor);
    }
}

/// <summary>Options of one service; they start as a copy of the server's.</summary>
public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class;
