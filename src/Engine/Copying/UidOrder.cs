namespace Rag.Engine;

/// <summary>Order of workspaces in a copy: by the bytes of their uids, which for UUIDv7 is about by age.</summary>
public sealed class UidOrder : IComparer<Guid>
{
    /// <summary>The order.</summary>
    public static readonly UidOrder Instance = new();

    private UidOrder()
    {
    }

    /// <inheritdoc/>
    public int Compare(Guid x, Guid y)
    {
        Span<byte> left = stackalloc byte[16];
        Span<byte> right = stackalloc byte[16];
        x.TryWriteBytes(left, bigEndian: true, out _);
        y.TryWriteBytes(right, bigEndian: true, out _);
        return left.SequenceCompareTo(right);
    }
}
