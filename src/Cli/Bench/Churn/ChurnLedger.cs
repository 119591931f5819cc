namespace Rag.Cli.Bench.Churn;

/// <summary>
/// Which vectors were deleted and when that was acknowledged, kept apart from the index that is tested. One writer, any
/// number of readers.
/// </summary>
internal sealed class ChurnLedger(int vectors)
{
    private readonly long[] _deletedAt = new long[vectors];
    private long _acknowledged;

    /// <summary>Deletes acknowledged so far; take it before a search begins.</summary>
    public long Acknowledged => Volatile.Read(ref _acknowledged);

    /// <summary>Notes a delete that its caller was told of.</summary>
    public void NoteDeleted(int id)
    {
        Volatile.Write(ref _deletedAt[id], _acknowledged + 1);
        Volatile.Write(ref _acknowledged, _acknowledged + 1);
    }

    /// <summary>Whether the delete of a vector was acknowledged before <paramref name="moment"/>.</summary>
    public bool WasDeletedBefore(int id, long moment) =>
        Volatile.Read(ref _deletedAt[id]) is > 0 and var at && at <= moment;
}
