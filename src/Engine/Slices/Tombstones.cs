using System.Runtime.InteropServices;
using K4os.Hash.xxHash;
using Rag.Engine.Filters;
using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>
/// What was deleted and when, as far as some replica may still bring a mutation of before: it must not come to life
/// again. Ids stand as hashes of 128 bits (chunks) or 64 (documents). Bounded: what is forgotten for want of room is
/// told apart by <see cref="ForgottenUpTo"/>, and nothing older is taken any more. Writer only.
/// </summary>
internal sealed class Tombstones
{
    // About 12 MiB; then a quarter goes, the oldest first.
    private const int MaxIds = 1 << 18;
    private const int MaxFilters = 1024;
    private const byte FormatVersion = 1;

    private readonly Dictionary<(ulong Document, ulong Chunk), ulong> _chunks = [];
    private readonly Dictionary<ulong, ulong> _documents = [];
    private readonly List<(ulong Version, FilterExpression Filter)> _filters = [];

    /// <summary>Tombstones of versions up to this one may be missing, packed.</summary>
    public ulong ForgottenUpTo { get; private set; }

    public int Count => _chunks.Count + _documents.Count + _filters.Count;

    public bool IsEmpty => Count == 0 && ForgottenUpTo == 0;

    public long MemoryBytes => 200 + _chunks.Count * 48L + _documents.Count * 40L + _filters.Count * 300L;

    public void AddChunk(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId, ulong version)
    {
        Raise(ref CollectionsMarshal.GetValueRefOrAddDefault(
            _chunks, (XXH64.DigestOf(documentId), XXH64.DigestOf(chunkId)), out _), version);
        MakeRoom();
    }

    public void AddDocument(ReadOnlySpan<byte> documentId, ulong version)
    {
        Raise(ref CollectionsMarshal.GetValueRefOrAddDefault(_documents, XXH64.DigestOf(documentId), out _), version);
        MakeRoom();
    }

    public void AddFilter(FilterExpression filter, ulong version)
    {
        _filters.Add((version, filter));
        if (_filters.Count <= MaxFilters)
            return;
        ForgottenUpTo = Math.Max(ForgottenUpTo, _filters[0].Version);
        _filters.RemoveAt(0);
    }

    /// <summary>Whether a chunk of this version was deleted since.</summary>
    public bool CoversChunk(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId, ulong version) =>
        CoversDocument(documentId, version)
        || _chunks.GetValueOrDefault((XXH64.DigestOf(documentId), XXH64.DigestOf(chunkId))) > version;

    /// <summary>Whether a document of this version was deleted since.</summary>
    public bool CoversDocument(ReadOnlySpan<byte> documentId, ulong version) =>
        version <= ForgottenUpTo || _documents.GetValueOrDefault(XXH64.DigestOf(documentId)) > version;

    /// <summary>Filters by which was deleted since a version.</summary>
    public IEnumerable<FilterExpression> FiltersSince(ulong version) =>
        _filters.Where(one => one.Version > version).Select(one => one.Filter);

    /// <summary>Forgets what every replica has passed.</summary>
    public void Forget(ulong upTo)
    {
        foreach (var (key, version) in _chunks)
        {
            if (version <= upTo)
                _chunks.Remove(key);
        }

        foreach (var (key, version) in _documents)
        {
            if (version <= upTo)
                _documents.Remove(key);
        }

        _filters.RemoveAll(one => one.Version <= upTo);
    }

    /// <summary>For a snapshot.</summary>
    public byte[] ToBytes()
    {
        using var writer = new PayloadWriter(4096);
        writer.Byte(FormatVersion);
        writer.UInt64(ForgottenUpTo);
        writer.VarInt(_chunks.Count);
        foreach (var ((document, chunk), version) in _chunks)
        {
            writer.UInt64(document);
            writer.UInt64(chunk);
            writer.UInt64(version);
        }

        writer.VarInt(_documents.Count);
        foreach (var (document, version) in _documents)
        {
            writer.UInt64(document);
            writer.UInt64(version);
        }

        writer.VarInt(_filters.Count);
        foreach (var (version, filter) in _filters)
        {
            writer.UInt64(version);
            FilterCodec.Write(writer, filter);
        }

        return writer.ToArray();
    }

    /// <summary>Reads what <see cref="ToBytes"/> wrote.</summary>
    /// <exception cref="InvalidDataException">It is malformed.</exception>
    public void Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new PayloadReader(bytes);
        if (reader.Byte() is var format and not FormatVersion)
            throw PayloadReader.Malformed($"tombstones have format {format}; {FormatVersion} is known here");
        ForgottenUpTo = reader.UInt64();
        for (var left = reader.Count(24); left > 0; left--)
            _chunks[(reader.UInt64(), reader.UInt64())] = reader.UInt64();
        for (var left = reader.Count(16); left > 0; left--)
            _documents[reader.UInt64()] = reader.UInt64();
        for (var left = reader.Count(9); left > 0; left--)
        {
            var version = reader.UInt64();
            _filters.Add((version, FilterCodec.Read(ref reader)));
        }

        reader.ExpectEnd();
    }

    private static void Raise(ref ulong version, ulong to) => version = Math.Max(version, to);

    private void MakeRoom()
    {
        if (_chunks.Count + _documents.Count <= MaxIds)
            return;
        var versions = _chunks.Values.Concat(_documents.Values).Order().ToArray();
        var upTo = versions[versions.Length / 4];
        Forget(upTo);
        ForgottenUpTo = Math.Max(ForgottenUpTo, upTo);
    }
}
