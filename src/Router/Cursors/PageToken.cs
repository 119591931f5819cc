using System.Security.Cryptography;
using System.Buffers.Binary;
using System.Text;
using Google.Protobuf;
using Rag.Router.Errors;

namespace Rag.Router.Cursors;

/// <summary>
/// A cursor of a list: the last key that was listed, and a hash of what was asked, so that a cursor of one list is not
/// taken for one of another.
/// <code>
/// kind 1 byte │ hash of the query 8 bytes │ first part of the key │ second part of the key
/// </code>
/// </summary>
internal static class PageToken
{
    private const byte Kind = 0x11;

    /// <summary>The token that continues after this key.</summary>
    public static string After(ulong query, string first, string second = "")
    {
        var writer = new TokenWriter(Kind);
        writer.Write(query);
        writer.Write(first);
        writer.Write(second);
        return writer.ToToken();
    }

    /// <summary>The key that a token continues after; null for the first page.</summary>
    /// <exception cref="RefusedException">It is no token, or one of another list.</exception>
    public static (string First, string Second)? Read(string token, ulong query)
    {
        if (token.Length == 0)
            return null;
        var reader = new TokenReader(token, Kind);
        var same = reader.ReadFixed() == query;
        var key = (reader.ReadText(), reader.ReadText());
        return reader.IsComplete && same
            ? key
            : throw Refuse.Invalid("page_token",
                "It does not belong to this request: pass next_page_token of the page before with the same fields, "
                + "or start over without one.");
    }

    /// <summary>Hash of what a list is of.</summary>
    /// <param name="list">The list's own name.</param>
    /// <param name="workspaceUid">Empty for lists over workspaces.</param>
    /// <param name="narrowing">What narrows it, such as a document id.</param>
    /// <param name="filter">Null for none.</param>
    public static ulong Query(string list, Guid workspaceUid, string narrowing = "", IMessage? filter = null)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(list + "\0"));
        hash.AppendData(workspaceUid.ToByteArray(bigEndian: true));
        hash.AppendData(Encoding.UTF8.GetBytes(narrowing + "\0"));
        if (filter is not null)
            hash.AppendData(filter.ToByteArray());
        return BinaryPrimitives.ReadUInt64BigEndian(hash.GetHashAndReset());
    }
}
