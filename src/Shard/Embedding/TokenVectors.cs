using Microsoft.Extensions.Caching.Memory;
using Rag.Embedding;
using Rag.Engine;
using Rag.Shard.Mapping;

namespace Rag.Shard.Embedding;

/// <summary>
/// Vectors of the tokens of texts, made when they are needed and kept for a while: by the text itself, so that what is
/// written anew is never met by what it was. Thread-safe.
/// </summary>
internal sealed class TokenVectors(TokenEncoderRegistry encoders) : IDisposable
{
    /// <summary>Bytes of vectors and texts that are kept; 64 MiB are 800 passages of 200 tokens of 384 dimensions.</summary>
    private const long CacheBytes = 64L << 20;

    // Objects and the cache's own entry: an estimate on the safe side.
    private const int EntryOverheadBytes = 300;

    private readonly MemoryCache _cache = new(new MemoryCacheOptions { SizeLimit = CacheBytes });

    /// <summary>For each text what <see cref="MultiVector.Score"/> takes.</summary>
    /// <exception cref="InvalidInputException">There is no such model, or it makes no vectors of tokens.</exception>
    public async Task<byte[][]> EncodeAsync(string model, IReadOnlyList<string> texts, bool query, CancellationToken ct)
    {
        var encoder = encoders.Get(model);
        // A text that comes twice is made once: in two batches of an int8 graph it would get two different sets of vectors.
        var encoded = new Dictionary<string, byte[]?>(StringComparer.Ordinal);
        foreach (var text in texts)
            encoded.TryAdd(text, _cache.TryGetValue(new Key(model, query, text), out byte[]? known) ? known : null);
        string[] missing = [.. encoded.Where(static entry => entry.Value is null).Select(static entry => entry.Key)];
        if (missing.Length > 0)
        {
            var made = await MakeAsync(encoder, missing, query, ct);
            for (var i = 0; i < missing.Length; i++)
                encoded[missing[i]] = Keep(new Key(model, query, missing[i]), made[i]);
        }

        return [.. texts.Select(text => encoded[text]!)];
    }

    public void Dispose() => _cache.Dispose();

    private static async Task<byte[][]> MakeAsync(TokenEncoder encoder, string[] texts, bool query, CancellationToken ct)
    {
        try
        {
            return await encoder.EncodeAsync(
                texts, query, (dimension, vectors) => Encode(encoder, dimension, vectors), ct);
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{encoder.Model.Name}' makes no vectors of tokens: {fault.Message}");
        }
    }

    // A quarter of the floats, while their batch is there.
    private static byte[] Encode(TokenEncoder encoder, int dimension, ReadOnlyMemory<float> vectors) =>
        dimension <= StoreLimits.MaxMultiVectorDimension
            ? new MultiVector(dimension, vectors).Encode()
            : throw new InvalidInputException($"Model '{encoder.Model.Name}' has {dimension} dimensions a token; "
                + $"{StoreLimits.MaxMultiVectorDimension} are possible.");

    private byte[] Keep(Key key, byte[] vectors)
    {
        var bytes = vectors.Length + (key.Text.Length * sizeof(char)) + EntryOverheadBytes;
        return _cache.Set(key, vectors, new MemoryCacheEntryOptions { Size = bytes });
    }

    private sealed record Key(string Model, bool Query, string Text);
}
