using System.IO.Compression;

namespace Grpc.Net.Compression;

/// <summary>A compression that messages may use. Thread-safe.</summary>
public interface ICompressionProvider
{
    /// <summary>The name in grpc-encoding.</summary>
    string EncodingName { get; }

    /// <summary>A stream that writes compressed bytes to another, which stays open.</summary>
    Stream CreateCompressionStream(Stream stream, CompressionLevel? compressionLevel);

    /// <summary>A stream that reads unpacked bytes from another, which stays open.</summary>
    Stream CreateDecompressionStream(Stream stream);
}
