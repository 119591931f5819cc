namespace Rag.Router.Publishing;

/// <summary>How documents are taken from NATS: section <c>Publishing</c>. Immutable; checked at the start.</summary>
public sealed class PublishingOptions
{
    /// <summary>Whether documents are taken from NATS at all. Default true, where NATS is configured.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Messages that one router works on at a time, 1 to 256; 8. About as many more are held ready.</summary>
    public int Parallelism { get; init; } = 8;

    /// <summary>
    /// Largest message with its headers in bytes, 1 KiB to 64 MiB; 8 MiB. NATS itself has a limit, max_payload, which is
    /// 1 MiB unless its servers are told otherwise.
    /// </summary>
    public int MaxMessageBytes { get; init; } = 8 * 1024 * 1024;

    /// <summary>
    /// Most bytes that wait, 1 MiB to 1 TiB; 256 MiB. Beyond it publishes are refused. NATS reserves them on disk.
    /// </summary>
    public long MaxWaitingBytes { get; init; } = 256L * 1024 * 1024;

    /// <summary>Most messages of one workspace that wait, 1 to 10 million; 10,000. Beyond it publishes are refused.</summary>
    public int MaxWaitingPerWorkspace { get; init; } = 10_000;

    /// <summary>
    /// Tries of a message that a router refuses for lack of room or by an unexpected fault, 1 to 1,000; 10, which takes
    /// about three minutes. While the metadata store is away there is no limit.
    /// </summary>
    public int MaxDeliveries { get; init; } = 10;

    /// <summary>How long refused messages are on record, 1 minute to 10 years; 7 days.</summary>
    public TimeSpan DeadLetterAge { get; init; } = TimeSpan.FromDays(7);

    /// <summary>Most bytes of that record, 1 MiB to 1 TiB; 64 MiB. The oldest ones go.</summary>
    public long DeadLetterBytes { get; init; } = 64L * 1024 * 1024;

    /// <summary>Every error of these options, each beginning with the option's name; empty if they are fit.</summary>
    public IReadOnlyList<string> Validate()
    {
        var errors = new List<string>();
        Check(nameof(Parallelism), Parallelism, 1, 256);
        Check(nameof(MaxMessageBytes), MaxMessageBytes, 1024, 64 * 1024 * 1024);
        Check(nameof(MaxWaitingBytes), MaxWaitingBytes, 1L << 20, 1L << 40);
        Check(nameof(MaxWaitingPerWorkspace), MaxWaitingPerWorkspace, 1, 10_000_000);
        Check(nameof(MaxDeliveries), MaxDeliveries, 1, 1000);
        Check(nameof(DeadLetterAge), DeadLetterAge, TimeSpan.FromMinutes(1), TimeSpan.FromDays(3650));
        Check(nameof(DeadLetterBytes), DeadLetterBytes, 1L << 20, 1L << 40);
        return errors;

        void Check<T>(string name, T value, T least, T most)
            where T : IComparable<T>
        {
            if (value.CompareTo(least) < 0 || value.CompareTo(most) > 0)
                errors.Add($"{name}: {value} is not between {least} and {most}.");
        }
    }
}
