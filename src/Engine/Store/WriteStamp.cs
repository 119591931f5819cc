namespace Rag.Engine;

/// <summary>
/// A position in a partition's mutation log, and so the version of whatever was written there. Ordered by epoch, then
/// sequence. The default value stands for "nothing written yet".
/// </summary>
/// <param name="Epoch">Epoch of the mutation log, from 1; 0 only in the default value.</param>
/// <param name="Sequence">Position within the epoch, from 1; 0 only in the default value.</param>
public readonly record struct WriteStamp(uint Epoch, ulong Sequence) : IComparable<WriteStamp>
{
    /// <summary>True for the default value.</summary>
    public bool IsNone => Epoch == 0 && Sequence == 0;

    public static bool operator <(WriteStamp left, WriteStamp right) => left.CompareTo(right) < 0;

    public static bool operator >(WriteStamp left, WriteStamp right) => left.CompareTo(right) > 0;

    public static bool operator <=(WriteStamp left, WriteStamp right) => left.CompareTo(right) <= 0;

    public static bool operator >=(WriteStamp left, WriteStamp right) => left.CompareTo(right) >= 0;

    /// <inheritdoc/>
    public int CompareTo(WriteStamp other) =>
        Epoch != other.Epoch ? Epoch.CompareTo(other.Epoch) : Sequence.CompareTo(other.Sequence);

    public override string ToString() => $"{Epoch}.{Sequence}";
}
