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
        var encoded = new byte[texts.Count][];
        var missing = new List<int>();
        for (var i = 0; i < encoded.Length; i++)
        {
            if (_cache.TryGetValue(new Key(model, query, texts[i]), out byte[]? known))
                encoded[i] = known!;
            else
                missing.Add(i);
        }

        if (missing.Count == 0)
            return encoded;
        try
        {
            var (vectors, dimension) = await encoder.EncodeAsync([.. missing.Select(i => texts[i])], query, ct);
            if (dimension > StoreLimits.MaxMultiVectorDimension)
                throw new InvalidInputException(
                    $"Model '{model}' has {dimension} dimensions a token; {StoreLimits.MaxMultiVectorDimension} are possible.");
            for (var i = 0; i < missing.Count; i++)
                encoded[missing[i]] = Keep(new Key(model, query, texts[missing[i]]), new MultiVector(dimension, vectors[i]).Encode());
        }
        catch (ModelFormatException fault)
        {
            throw new InvalidInputException($"Model '{model}' makes no vectors of tokens: {fault.Message}");
        }

        return encoded;
    }

    public void Dispose() => _cache.Dispose();

    private byte[] Keep(Key key, byte[] vectors)
    {
        var bytes = vectors.Length + (key.Text.Length * sizeof(char)) + EntryOverheadBytes;
        return _cache.Set(key, vectors, new MemoryCacheEntryOptions { Size = bytes });
    }

    private sealed record Key(string Model, bool Query, string Text);
}
