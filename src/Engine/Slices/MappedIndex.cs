using Rag.Engine.Indexing;
using Rag.Engine.Storage;

namespace Rag.Engine.Slices;

/// <summary>The saved index of a small space in a mapped section of a snapshot, verified as a whole.</summary>
internal sealed unsafe class MappedIndex : IMappedMemory
{
    private readonly MappedSection _section;

    /// <exception cref="CorruptDataException">It is damaged; the section is disposed then.</exception>
    public MappedIndex(MappedSection section)
    {
        _section = section;
        try
        {
            section.VerifyAll(new WorkPace());
        }
        catch
        {
            section.Dispose();
            throw;
        }
    }

    public long MappedBytes => _section.Length;

    public byte* WarmAddress => _section.IsWarm ? _section.Pointer : null;

    public void Read(long offset, Span<byte> to) => _section.Read(offset, to);

    public void Warm() => _section.Warm();

    public void Cool() => _section.Cool();

    public void Dispose() => _section.Dispose();
}
