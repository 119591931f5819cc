using System.Runtime.InteropServices;
using Rag.Engine.Mutations;
using Rag.Engine.Sparse;

namespace Rag.Engine.Slices;

/// <summary>
/// Makes and kills rows of a slice at the next apply number. New vectors are gathered and put into the indexes
/// together, before the number is published. Under the slice's lock.
/// </summary>
internal sealed class RowWriter(Slice slice, ChunkContents contents, int buildThreads) : IDisposable
{
    // Gathered vectors are put into the index at this size at the latest.
    private const int MaxGatheredFloats = 4 << 20;

    private readonly List<GatheredVectors> _gathered = [];
    private readonly List<int> _born = [];
    private readonly SparseDocument _sparse = new();
    private int _gatheredFloats;
    private TextFeeder? _texts;

    public Slice Slice => slice;

    public ChunkContents Contents => contents;

    /// <summary>The number at which rows are born and die now.</summary>
    public uint At { get; private set; } = slice.Visible + 1;

    /// <summary>Rows born at <see cref="At"/>.</summary>
    public ReadOnlySpan<int> Born => CollectionsMarshal.AsSpan(_born);

    public void BeginNext()
    {
        _born.Clear();
        At = slice.Visible + 1;
    }

    /// <summary>The row of a key that is alive now, −1 if there is none.</summary>
    public int FindAlive(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId)
    {
        var key = new KeySpan(documentId, chunkId);
        var columns = slice.Rows.Columns;
        var candidates = slice.KeyIndex.Find(Fingerprint.Of(documentId, chunkId));
        for (var row = candidates.Next(); row >= 0; row = candidates.Next())
        {
            if (RowStamps.IsAlive(columns.Stamps[row]) && slice.Keys.Read(columns.Keys[row]).Equals(key))
                return row;
        }

        return -1;
    }

    /// <summary>A new row with key and content, not yet born and in no document's list.</summary>
    public int Create(ReadOnlySpan<byte> documentId, ReadOnlySpan<byte> chunkId, int document, ulong content,
        ulong version)
    {
        var row = slice.Rows.Allocate();
        var columns = slice.Rows.Columns;
        columns.Keys[row] = slice.Keys.Append(documentId, chunkId);
        columns.Contents[row] = content;
        columns.Versions[row] = version;
        if (content != 0)
            slice.ContentBytes += ContentAddress.Length(content);
        RowLinks.Detach(slice, row, document);
        slice.KeyIndex.Add(Fingerprint.Of(documentId, chunkId), row);
        return row;
    }

    /// <summary>Makes a row visible from <see cref="At"/> on.</summary>
    public void Bear(int row, int document)
    {
        RowLinks.Link(slice, row, document);
        slice.Rows.Columns.Stamps[row] = RowStamps.Born(At);
        _born.Add(row);
        slice.VisibleChunks++;
        if (++slice.Documents.LiveRows(document) == 1)
            slice.VisibleDocuments++;
        slice.ShowTerms(row);
        foreach (var space in slice.Spaces)
            space.Count(row, +1);
    }

    /// <summary>Makes a living row invisible from <see cref="At"/> on.</summary>
    public void Kill(int row)
    {
        var columns = slice.Rows.Columns;
        columns.Stamps[row] = RowStamps.Died(columns.Stamps[row], At);
        ForgetContent(columns.Contents[row]);
        slice.VisibleChunks--;
        if (--slice.Documents.LiveRows(columns.Documents[row]) == 0)
            slice.VisibleDocuments--;
        slice.HideTerms(row);
        foreach (var space in slice.Spaces)
            space.Count(row, -1);
        slice.Graveyard.Bury(row);
    }

    /// <summary>Drops a row that was never born.</summary>
    public void DropStaged(int row)
    {
        var columns = slice.Rows.Columns;
        ForgetContent(columns.Contents[row]);
        columns.Documents[row] = -1;
        slice.Graveyard.Bury(row);
    }

    /// <summary>The document with this id, made if it is not known.</summary>
    public int GetDocument(ReadOnlySpan<byte> id)
    {
        var document = slice.FindDocument(id);
        return document >= 0 ? document : slice.Documents.Add(Fingerprint.Of(id));
    }

    /// <summary>Lets a new row be found by the words of its content.</summary>
    public void AddText(int row, in ContentParts parts) =>
        (_texts ??= new TextFeeder(slice.Text, contents.AttributeText)).Add(row, parts);

    /// <summary>Lets a new row be found by the sparse vector of its content, if that has one.</summary>
    public void AddSparse(int row, in ContentParts parts)
    {
        if (parts.Sparse.IsEmpty)
            return;
        var vector = SparseVectorCodec.Read(parts.Sparse);
        _sparse.Clear();
        for (var i = 0; i < vector.Count; i++)
            _sparse.AddWeight(vector.Indices.Span[i], vector.Weights.Span[i]);
        slice.AddSparse(row, _sparse);
    }

    /// <summary>Lets a new row be found by the words of an older one.</summary>
    public void CopyText(int from, int to) => slice.Text.Index.Copy(from, to);

    /// <summary>Gives a new row a vector.</summary>
    public void AddVector(int row, VectorSpace space, VectorEncoder encoder, ReadOnlySpan<float> values)
    {
        space.SetTag(row, (byte)((byte)encoder + 1));
        GatheredIn(space).Add(row, values);
        _gatheredFloats += values.Length;
        if (_gatheredFloats >= MaxGatheredFloats)
            FlushVectors();
    }

    /// <summary>Gives a new row the vector of an older one.</summary>
    public void CopyVector(int from, int to, VectorSpace space)
    {
        // The older row may itself be among those gathered.
        if (RowStamps.BornAt(slice.Rows.Columns.Stamps[from]) == At)
            FlushVectors();
        AddVector(to, space, space.EncoderOf(from), space.Index.Rows[from]);
    }

    /// <summary>Puts the gathered vectors and texts into their indexes.</summary>
    public void Flush()
    {
        FlushVectors();
        slice.FlushTerms();
    }

    /// <summary>Puts the gathered vectors into their indexes.</summary>
    public void FlushVectors()
    {
        if (_gatheredFloats == 0)
            return;
        foreach (var gathered in _gathered)
            gathered.Flush(buildThreads);
        _gatheredFloats = 0;
    }

    /// <summary>Gives pooled memory back.</summary>
    public void Dispose()
    {
        foreach (var gathered in _gathered)
            gathered.Dispose();
        _gathered.Clear();
        _texts?.Dispose();
        _texts = null;
    }

    private GatheredVectors GatheredIn(VectorSpace space)
    {
        foreach (var gathered in _gathered)
        {
            if (gathered.Space == space)
                return gathered;
        }

        _gathered.Add(new GatheredVectors(space));
        return _gathered[^1];
    }

    private void ForgetContent(ulong content)
    {
        if (content != 0)
            slice.ContentBytes -= ContentAddress.Length(content);
    }
}
