using Rag.Engine;
using Rag.Hosting.Wire;

namespace Rag.Shard.Mapping;

/// <summary>
/// Writes hits as rag.v1.SearchResponse holds them, straight from the store's bytes: what <see cref="ChunkMapping"/> says
/// by messages. Not thread-safe.
/// </summary>
internal sealed class HitBytes : IHitSink
{
    // SearchResponse
    private const byte Hits = 1 << 3 | 2;

    // SearchHit
    private const byte DocumentId = 1 << 3 | 2;
    private const byte ChunkId = 2 << 3 | 2;
    private const byte Score = 3 << 3 | 5;
    private const byte Text = 4 << 3 | 2;
    private const byte Metadata = 5 << 3 | 2;
    private const byte Passage = 7 << 3 | 2;
    private const byte Version = 8 << 3 | 0;

    // An entry of the map
    private const byte Key = 1 << 3 | 2;
    private const byte Value = 2 << 3 | 2;

    /// <summary>Where hits go; set before the search.</summary>
    public WireBuffer To { get; set; } = null!;

    public void Add(in StoredHit hit)
    {
        var start = To.Begin(Hits);
        To.Bytes(DocumentId, hit.DocumentId);
        To.Bytes(ChunkId, hit.ChunkId);
        if (hit.Score != 0)
            To.Fixed32(Score, hit.Score);
        if (!hit.Text.IsEmpty)
            To.Bytes(Text, hit.Text);
        var metadata = hit.Metadata;
        while (metadata.MoveNext())
        {
            var entry = To.Begin(Metadata);
            To.Bytes(Key, metadata.Key);
            var value = To.Begin(Value);
            ValueBytes.Write(To, ref metadata);
            To.End(value);
            To.End(entry);
        }

        if (!hit.Attributes.IsEmpty)
            To.Bytes(Passage, hit.Attributes);
        To.Varint(Version, (ulong)VersionNumber.From(hit.Version));
        To.End(start);
    }
}
