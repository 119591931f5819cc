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

    public byte* Address => _section.Pointer;

    public long MappedBytes => _section.Length;

    public void ReleasePages() => _section.ReleasePages();

    public void Dispose() => _section.Dispose();
}
