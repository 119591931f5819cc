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
///   │ mix: 0, or 1 (two lists) or 3 (three) and for each list low, high, weight, 0 or 1 and the place of its last candidate
/// </code>
/// </summary>
/// <param name="Place">The last hit, or the best of the last document.</param>
/// <param name="Statistics">What words weigh; null where none count.</param>
/// <param name="Mix">How lists are mixed; null where there is one.</param>
internal sealed record SearchCursor(SearchPlace Place, TextStatistics? Statistics, FrozenMix? Mix)
{
    private const byte Kind = 0x12;
    private const ulong TwoLists = 1;
    private const ulong ThreeLists = 3;

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

        writer.WriteVarint(Mix?.Lists.Count switch { null => 0UL, FrozenMix.FewestLists => TwoLists, _ => ThreeLists });
        foreach (var (scale, floor) in Mix?.Lists ?? [])
            Write(ref writer, scale, floor);

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
        if (reader.ReadVarint() is var marker and (TwoLists or ThreeLists))
        {
            var lists = new FrozenList[marker == TwoLists ? FrozenMix.FewestLists : FrozenMix.FewestLists + 1];
            for (var i = 0; i < lists.Length; i++)
                lists[i] = ReadList(ref reader);
            mix = new FrozenMix(lists);
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

    private static FrozenList ReadList(ref TokenReader reader)
    {
        var scale = new ListScale(
            BitConverter.UInt64BitsToDouble(reader.ReadFixed()), BitConverter.UInt64BitsToDouble(reader.ReadFixed()),
            BitConverter.UInt64BitsToDouble(reader.ReadFixed()));
        return new FrozenList(scale, reader.ReadVarint() == 1 ? ReadPlace(ref reader) : null);
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
