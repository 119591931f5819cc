using Rag.Engine.Indexing;
using Rag.Engine.Mutations;
using Rag.Engine.Sparse;

namespace Rag.Engine.Slices;

/// <summary>
/// The texts of a slice, searchable by their words. Fed by the same records as the vectors, and seen under the same
/// apply numbers. One writer, readers inside the epoch.
/// </summary>
internal sealed class SliceText
{
    private static readonly SparseIndexOptions IndexOptions = new();

    private SliceText(AnalysisOptions analysis, SparseIndex index)
    {
        Analyzers = AnalyzerPool.For(analysis);
        Index = index;
    }

    public SliceText(AnalysisOptions analysis)
        : this(analysis, new SparseIndex(IndexOptions))
    {
    }

    public SparseIndex Index { get; }

    public AnalyzerPool Analyzers { get; }

    public long MemoryBytes => Index.MemoryBytes + 60;

    /// <summary>What a text asks for.</summary>
    public SparseQuery Query(string text)
    {
        var analyzer = Analyzers.Rent();
        try
        {
            return SparseQuery.FromText(analyzer, text);
        }
        finally
        {
            Analyzers.Return(analyzer);
        }
    }

    /// <summary>Writes the section of a snapshot: the rules that the terms were made by, then the index.</summary>
    public void Write(Stream stream)
    {
        using var part = new PayloadWriter(16);
        part.VarInt(AnalysisOptions.RulesVersion);
        part.Byte((byte)Analyzers.Options.Language);
        SectionStream.WritePart(stream, part);
        Index.Save(stream);
    }

    /// <summary>
    /// Reads what <see cref="Write"/> wrote; null if it was made by other rules, so that it has to be made again.
    /// </summary>
    /// <exception cref="InvalidDataException">The section is malformed.</exception>
    public static SliceText? Read(Stream stream, AnalysisOptions analysis, IRowPresence present)
    {
        var reader = new PayloadReader(SectionStream.ReadPart(stream));
        if (reader.Int32(int.MaxValue) != AnalysisOptions.RulesVersion || reader.Byte() != (byte)analysis.Language)
            return null;
        reader.ExpectEnd();
        return new SliceText(analysis, SparseIndex.Load(stream, IndexOptions, present));
    }
}
