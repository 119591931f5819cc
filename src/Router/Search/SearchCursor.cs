using System.Buffers.Binary;
using System.Security.Cryptography;
using Google.Protobuf;
using Rag.Internal.V1;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// Where a page of a search ended, and all that made its scores, so that what does not change keeps its score and place
/// on every page.
/// <code>
/// kind 1 byte │ hash of the search 8 bytes │ rank │ score, document, chunk
///   │ words: 0, or 1, documents, length, count, a number a word
///   │ mix: 0, or 1 and for each list low, high, weight, 0 or 1 and the place of its last candidate
/// </code>
/// </summary>
/// <param name="Place">The last hit, or the best of the last document.</param>
/// <param name="Statistics">What words weigh; null where none count.</param>
/// <param name="Mix">How lists are mixed; null where there is one.</param>
internal sealed record SearchCursor(SearchPlace Place, TextStatistics? Statistics, FrozenMix? Mix)
{
    private const byte Kind = 0x12;

    /// <summary>Hash of what must not change from page to page.</summary>
    public static ulong HashOf(SearchRequest search, ByteString workspaceUid)
    {
        var same = search.Clone();
        (same.PageToken, same.MinConsistencyToken, same.Workspace) = ("", "", "");
        (same.K, same.AllowPartial, same.Paging) = (0, false, false);
        (same.ReturnFields, same.Highlight, same.Neighbours) = (null, null, 0);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(workspaceUid.Span);
        hash.AppendData(same.ToByteArray());
        return BinaryPrimitives.ReadUInt64BigEndian(hash.GetHashAndReset());
    }

    public string ToToken(ulong hash)
    {
        var writer = new TokenWriter(Kind);
        writer.Write(hash);
        writer.WriteVarint((ulong)Place.Rank);
        Write(ref writer, Place);
        writer.WriteVarint(Statistics is null ? 0UL : 1);
        if (Statistics is not null)
        {
            writer.WriteVarint((ulong)Statistics.Documents);
            writer.WriteVarint((ulong)Statistics.TotalLength);
            writer.WriteVarint((ulong)Statistics.DocumentCounts.Count);
            foreach (var count in Statistics.DocumentCounts)
                writer.WriteVarint((ulong)count);
        }

        writer.WriteVarint(Mix is null ? 0UL : 1);
        if (Mix is not null)
        {
            Write(ref writer, Mix.Dense, Mix.DenseFloor);
            Write(ref writer, Mix.Sparse, Mix.SparseFloor);
        }

        var token = writer.ToToken();
        return token.Length <= Limits.TokenCharacters
            ? token
            : throw Refuse.Invalid("paging", "The ids and words are too long for a page token: search without paging.");
    }

    /// <summary>The cursor of a token; null for the first page.</summary>
    /// <exception cref="RefusedException">It is no token, or one of another search.</exception>
    public static SearchCursor? Read(string token, ulong hash)
    {
        if (token.Length == 0)
            return null;
        var reader = new TokenReader(token, Kind);
        var same = reader.ReadFixed() == hash;
        var rank = reader.ReadVarint();
        var place = ReadPlace(ref reader);
        var statistics = reader.ReadVarint() == 1 ? ReadStatistics(ref reader) : null;
        FrozenMix? mix = null;
        if (reader.ReadVarint() == 1)
        {
            var (dense, denseFloor) = ReadList(ref reader);
            var (sparse, sparseFloor) = ReadList(ref reader);
            mix = new FrozenMix(dense, denseFloor, sparse, sparseFloor);
            same &= mix.IsSound;
        }

        return reader.IsComplete && same && rank <= int.MaxValue && !float.IsNaN(place.Score)
            ? new SearchCursor(place with { Rank = (int)rank }, statistics, mix)
            : throw Refuse.Invalid("page_token",
                "It does not belong to this search: pass next_page_token of the page before with the same fields, "
                + "or start over without one.");
    }

    private static void Write(ref TokenWriter writer, SearchPlace place)
    {
        writer.WriteVarint(BitConverter.SingleToUInt32Bits(place.Score));
        writer.Write(place.DocumentId);
        writer.Write(place.ChunkId);
    }

    private static SearchPlace ReadPlace(ref TokenReader reader) => new(
        BitConverter.UInt32BitsToSingle((uint)reader.ReadVarint()), reader.ReadText(), reader.ReadText(), 0);

    private static void Write(ref TokenWriter writer, ListScale scale, SearchPlace? floor)
    {
        writer.Write(BitConverter.DoubleToUInt64Bits(scale.Low));
        writer.Write(BitConverter.DoubleToUInt64Bits(scale.High));
        writer.Write(BitConverter.DoubleToUInt64Bits(scale.Weight));
        writer.WriteVarint(floor is null ? 0UL : 1);
        if (floor is { } place)
            Write(ref writer, place);
    }

    private static (ListScale Scale, SearchPlace? Floor) ReadList(ref TokenReader reader)
    {
        var scale = new ListScale(
            BitConverter.UInt64BitsToDouble(reader.ReadFixed()), BitConverter.UInt64BitsToDouble(reader.ReadFixed()),
            BitConverter.UInt64BitsToDouble(reader.ReadFixed()));
        return (scale, reader.ReadVarint() == 1 ? ReadPlace(ref reader) : null);
    }

    private static TextStatistics ReadStatistics(ref TokenReader reader)
    {
        var statistics = new TextStatistics
        {
            Documents = (long)(reader.ReadVarint() & long.MaxValue),
            TotalLength = (long)(reader.ReadVarint() & long.MaxValue),
        };
        for (var left = reader.ReadVarint(); left > 0 && reader.IsValid; left--)
            statistics.DocumentCounts.Add((long)(reader.ReadVarint() & long.MaxValue));
        return statistics;
    }
}

/// <summary>How a search's first page mixed its lists.</summary>
/// <param name="DenseFloor">The last candidate by vector; null: there was none, and none counts later.</param>
/// <param name="SparseFloor">The last candidate by words; likewise.</param>
internal sealed record FrozenMix(
    ListScale Dense, SearchPlace? DenseFloor, ListScale Sparse, SearchPlace? SparseFloor)
{
    public static FrozenMix Of(IReadOnlyList<SearchHit> dense, IReadOnlyList<SearchHit> sparse, Fusion? fusion)
    {
        var (denseScale, sparseScale) = ListScale.Of(dense, sparse, fusion);
        return new FrozenMix(denseScale, FloorOf(dense), sparseScale, FloorOf(sparse));
    }

    /// <summary>Whether it can have come from scores and weights: a token may have been made up.</summary>
    public bool IsSound => IsFinite(Dense) && IsFinite(Sparse) && Dense.Weight + Sparse.Weight > 0;

    /// <summary>Leaves only what would have been a candidate then.</summary>
    public void Trim(List<SearchHit> dense, List<SearchHit> sparse)
    {
        dense.RemoveAll(hit => DenseFloor is not { } floor || floor.IsBefore(hit));
        sparse.RemoveAll(hit => SparseFloor is not { } floor || floor.IsBefore(hit));
    }

    private static bool IsFinite(ListScale scale) =>
        double.IsFinite(scale.Low) && double.IsFinite(scale.High) && scale.Weight is >= 0 and < double.MaxValue / 4;

    private static SearchPlace? FloorOf(IReadOnlyList<SearchHit> hits) =>
        hits.Count == 0 ? null : SearchPlace.Of(hits[^1]);
}
