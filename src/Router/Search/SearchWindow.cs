using System.IO.Compression;
using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// The rest of a search's hits in their order, for searches whose order is not by score and key alone: ranks, boosts,
/// models and diversity judge a hit by others or by what is not kept, so that no place in the order says what comes behind
/// it. The token holds the hits themselves, and pages behind the first one are read from it: nothing is searched or scored
/// again, and no write can move a hit from one page to another.
/// <code>
/// kind 1 byte │ hash of the search 8 bytes │ encoder │ size of the whole window │ consistency token
///   │ length when unpacked │ Brotli of: count, a hit each: document id, chunk id, what scores are there, these as float32
/// </code>
/// </summary>
/// <param name="Hits">Those that are left, best first, with keys and scores only.</param>
/// <param name="Size">How many hits, or documents, all pages have together.</param>
/// <param name="Encoder">What made the query's vector.</param>
/// <param name="ConsistencyToken">How far the replicas were that found the hits.</param>
internal sealed record SearchWindow(List<SearchHit> Hits, int Size, Encoder Encoder, string ConsistencyToken)
{
    /// <summary>Most hits of all pages together.</summary>
    public const int MaxHits = 1000;

    private const byte Kind = 0x13;
    private const int MaxUnpackedBytes = 1 << 20;
    private const int PackingQuality = 4;
    private const int PackingWindow = 22;

    /// <summary>The token of the pages that are left; null if it would be too long.</summary>
    public string? ToToken(ulong hash)
    {
        var writer = new TokenWriter(Kind);
        writer.Write(hash);
        writer.WriteVarint((ulong)Encoder);
        writer.WriteVarint((ulong)Size);
        writer.Write(ConsistencyToken);
        var hits = new TokenWriter(Kind);
        hits.WriteVarint((ulong)Hits.Count);
        foreach (var hit in Hits)
            Write(ref hits, hit);
        writer.WriteVarint((ulong)hits.Written.Length);
        var packed = new byte[BrotliEncoder.GetMaxCompressedLength(hits.Written.Length)];
        if (hits.Written.Length > MaxUnpackedBytes
            || !BrotliEncoder.TryCompress(hits.Written, packed, out var length, PackingQuality, PackingWindow))
            return null;
        writer.Write(packed.AsSpan(0, length));
        var token = writer.ToToken();
        return token.Length <= Limits.TokenCharacters ? token : null;
    }

    /// <summary>The window of a token; null for the first page.</summary>
    /// <exception cref="RefusedException">It is no token, or one of another search.</exception>
    public static SearchWindow? Read(string token, ulong hash)
    {
        if (token.Length == 0)
            return null;
        var reader = new TokenReader(token, Kind);
        var same = reader.ReadFixed() == hash;
        var (encoder, size, seen) = ((Encoder)reader.ReadVarint(), reader.ReadVarint(), reader.ReadText());
        var length = reader.ReadVarint();
        var packed = reader.ReadRest();
        if (!reader.IsComplete || !same || length is 0 or > MaxUnpackedBytes || size > MaxHits
            || encoder is < Encoder.Unspecified or > Encoder.Client)
            throw Unknown();
        var unpacked = new byte[length];
        if (!BrotliDecoder.TryDecompress(packed, unpacked, out var written) || written != unpacked.Length)
            throw Unknown();
        return new SearchWindow(ReadHits(unpacked), (int)size, encoder, seen);
    }

    /// <summary>Positions that reading the hits waits for: another replica may be behind the one that found them.</summary>
    public Stamp[] SeenStamps(KnownWorkspace workspace) => Cursors.ConsistencyToken.Read(ConsistencyToken, workspace);

    private static List<SearchHit> ReadHits(byte[] unpacked)
    {
        var reader = new TokenReader(unpacked, Kind);
        var count = reader.ReadVarint();
        var hits = new List<SearchHit>();
        while (reader.IsValid && (ulong)hits.Count < count && hits.Count < MaxHits)
            hits.Add(ReadHit(ref reader));
        return reader.IsComplete && (ulong)hits.Count == count && hits.TrueForAll(IsSound) ? hits : throw Unknown();
    }

    // Ids that a caller made up must not get further than any other.
    private static bool IsSound(SearchHit hit) =>
        TextRules.IdFault(hit.DocumentId) is null && TextRules.IdFault(hit.ChunkId) is null && !float.IsNaN(hit.Score);

    private static void Write(ref TokenWriter writer, SearchHit hit)
    {
        writer.Write(hit.DocumentId);
        writer.Write(hit.ChunkId);
        writer.WriteVarint((hit.HasDenseScore ? 1UL : 0) | (hit.HasSparseScore ? 2UL : 0)
            | (hit.HasSparseVectorScore ? 4UL : 0));
        writer.Write(hit.Score);
        if (hit.HasDenseScore)
            writer.Write(hit.DenseScore);
        if (hit.HasSparseScore)
            writer.Write(hit.SparseScore);
        if (hit.HasSparseVectorScore)
            writer.Write(hit.SparseVectorScore);
    }

    private static SearchHit ReadHit(ref TokenReader reader)
    {
        var hit = new SearchHit { DocumentId = reader.ReadText(), ChunkId = reader.ReadText() };
        var scores = reader.ReadVarint();
        hit.Score = reader.ReadSingle();
        if ((scores & 1) != 0)
            hit.DenseScore = reader.ReadSingle();
        if ((scores & 2) != 0)
            hit.SparseScore = reader.ReadSingle();
        if ((scores & 4) != 0)
            hit.SparseVectorScore = reader.ReadSingle();
        return hit;
    }

    private static RefusedException Unknown() => Refuse.Invalid("page_token",
        "It does not belong to this search: pass next_page_token of the page before with the same fields, or start over "
        + "without one.");
}
