using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>What gRPC calls deflate: the zlib format (RFC 1950). Thread-safe.</summary>
public sealed class DeflateCompressionProvider(CompressionLevel defaultLevel) : ICompressionProvider
{
    /// <inheritdoc/>
    public string EncodingName => "deflate";

    /// <inheritdoc/>
    public Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel) =>
        new ZLibStream(stream, compressionLevel ?? defaultLevel, leaveOpen: true);

    /// <inheritdoc/>
    public Stream CreateDecompressionStream(Stream stream) =>
        new ZLibStream(stream, CompressionMode.Decompress, leaveOpen: true);
}
