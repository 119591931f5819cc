namespace Rag.Engine.Tests.Store;

/// <summary>A clock that a test moves; it goes on by itself otherwise. Timers are those of the system.</summary>
internal sealed class MovableTime : TimeProvider
{
    private long _offsetTicks;

    public void Advance(TimeSpan by) => Interlocked.Add(ref _offsetTicks, by.Ticks);

    public override DateTimeOffset GetUtcNow() => base.GetUtcNow().AddTicks(Interlocked.Read(ref _offsetTicks));
}
