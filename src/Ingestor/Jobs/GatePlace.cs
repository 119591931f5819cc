namespace Rag.Ingestor.Jobs;

/// <summary>
/// One caller's place behind a gate, which it may leave and take again. For one caller; dispose leaves.
/// </summary>
internal sealed class GatePlace(FairGate gate, Guid workspace) : IDisposable
{
    private FairGate.Slot? _slot;

    public async ValueTask EnterAsync(CancellationToken cancellationToken) =>
        _slot ??= await gate.EnterAsync(workspace, cancellationToken);

    public void Leave()
    {
        _slot?.Dispose();
        _slot = null;
    }

    public void Dispose() => Leave();
}
