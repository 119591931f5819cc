namespace Rag.Shard.Replicas;

/// <summary>How a shard gives and takes copies of partitions; checked when it starts.</summary>
public sealed record ReplicaOptions
{
    /// <summary>Bytes a second that all copies out of this shard take together. Default 64 MiB; 64 KiB to 100 GiB.</summary>
    public long CopyBytesPerSecond { get; init; } = 64L << 20;

    /// <summary>Partitions that are copied out at a time, and as many in. Default 2; 1 to 64.</summary>
    public int MaxCopies { get; init; } = 2;

    /// <summary>Bytes of a block. Default 256 KiB; 4 KiB to 256 KiB.</summary>
    public int BlockBytes { get; init; } = 256 << 10;

    /// <summary>A copy from which nothing comes for this long is begun again elsewhere. Default 30 s; 1 s to 1 h.</summary>
    public TimeSpan CopyIdleTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Wait after a vain try to copy or to drop; doubles up to thirty times that. Default 1 s; 1 ms to 1 min.</summary>
    public TimeSpan RetryDelay { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>
    /// How long a partition that the topology has taken from this shard stays here, for routers that do not know yet.
    /// Default 30 s; 0 to 1 day.
    /// </summary>
    public TimeSpan DropDelay { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Check(errors, nameof(CopyBytesPerSecond), CopyBytesPerSecond, 64L << 10, 100L << 30);
        Check(errors, nameof(MaxCopies), MaxCopies, 1, 64);
        Check(errors, nameof(BlockBytes), BlockBytes, 4 << 10, 256 << 10);
        Check(errors, nameof(CopyIdleTimeout), CopyIdleTimeout, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Check(errors, nameof(RetryDelay), RetryDelay, TimeSpan.FromMilliseconds(1), TimeSpan.FromMinutes(1));
        Check(errors, nameof(DropDelay), DropDelay, TimeSpan.Zero, TimeSpan.FromDays(1));
        return errors;
    }

    private static void Check<T>(List<string> errors, string name, T value, T least, T most)
        where T : IComparable<T>
    {
        if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
            errors.Add($"{name}: {value} is not between {least} and {most}.");
    }
}
