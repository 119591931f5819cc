namespace Rag.Engine.Storage;

/// <summary>Records of the mutation log that a replica took back: they are in the log and do not count.</summary>
/// <param name="Partition">Of this partition.</param>
/// <param name="After">Those behind this place of its order,</param>
/// <param name="Before">as far as they stand before this position of the log.</param>
internal readonly record struct VoidRange(int Partition, WriteStamp After, long Before)
{
    public bool Contains(in DurableRecord record) => record.Slice.Partition == Partition && record.Position < Before
        && new WriteStamp(record.Epoch, record.Sequence) > After;
}
