namespace Rag.Engine.Sparse;

/// <summary>
/// Where one block of a term's postings lies, and how far it goes. Saved as it stands: 28 bytes, little endian.
/// </summary>
internal struct PostingBlock
{
    /// <summary>Number of its last document in the segment.</summary>
    public int LastDocument;

    /// <summary>Where its packed gaps begin in the segment's data; packed payloads follow.</summary>
    public int Offset;

    public byte GapBits;

    public byte PayloadBits;

    /// <summary>Postings in it, less 1.</summary>
    public byte CountLessOne;

    public byte Reserved;

    public Impacts Impacts;

    public readonly int Count => CountLessOne + 1;
}
