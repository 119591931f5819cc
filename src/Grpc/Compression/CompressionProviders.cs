using System.IO.Compression;
using Grpc.Framing;

namespace Grpc.Net.Compression;

/// <summary>The compressions that one side knows, by name. Immutable and thread-safe.</summary>
internal sealed class CompressionProviders
{
    public const string Identity = "identity";

    private readonly Dictionary<string, ICompressionProvider> _byName = new(StringComparer.OrdinalIgnoreCase);
    private readonly Dictionary<string, MessageDecompressor> _decompressors = new(StringComparer.OrdinalIgnoreCase);

    public CompressionProviders(IEnumerable<ICompressionProvider> providers)
    {
        foreach (var provider in providers)
        {
            _byName[provider.EncodingName] = provider;
            _decompressors[provider.EncodingName] = new MessageDecompressor(provider);
        }

        AcceptEncoding = string.Join(',', _byName.Keys.Prepend(Identity));
    }

    public static IReadOnlyList<ICompressionProvider> Defaults { get; } =
    [
        new GzipCompressionProvider(CompressionLevel.Fastest),
        new DeflateCompressionProvider(CompressionLevel.Fastest),
    ];

    public static CompressionProviders Default { get; } = new(Defaults);

    /// <summary>The value of grpc-accept-encoding.</summary>
    public string AcceptEncoding { get; }

    public ICompressionProvider? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The decompressor of an encoding; false for one that is not known. Identity has none.</summary>
    public bool TryGetDecompressor(string? encoding, out MessageDecompressor? decompressor)
    {
        decompressor = null;
        return string.IsNullOrEmpty(encoding) || encoding.Equals(Identity, StringComparison.OrdinalIgnoreCase)
            || _decompressors.TryGetValue(encoding, out decompressor);
    }
}
