namespace Rag.Nats.Tests.Running;

/// <summary>Ends what hangs. Never expected to pass: long enough for a machine that is busy with other things.</summary>
internal static class Deadline
{
    public static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    public static CancellationToken Token() => new CancellationTokenSource(Long).Token;
}
