using Rag.Engine.Mutations;
using Rag.Engine.Slices;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Sends mutations through the log and fetches what came of them. Thread-safe.
/// </summary>
internal sealed class MutationSender(StoreContext context, MutationApplier applier)
{
    // The embedded log has one epoch; a log that is made anew under old data would begin another.
    public const uint Epoch = 1;

    /// <summary>The header of a payload that is accepted now.</summary>
    public PayloadHeader Header => new(context.NowMs);

    /// <summary>Refuses an id that is too old, or from the future, before anything is written.</summary>
    public void CheckId(Guid mutationId)
    {
        if (mutationId == Guid.Empty)
            throw StoreErrors.Invalid(
                "The mutation id is empty; make one UUIDv7 for a call and keep it for its retries.");
        if (MutationTime.Of(mutationId) is not { } madeMs)
            return;
        var ageMs = context.NowMs - madeMs;
        if (ageMs > context.Options.MutationIdLifetime.TotalMilliseconds)
            throw StoreErrors.TooOld();
        if (ageMs < -MutationMemory.MaxClockSkewMs)
            throw StoreErrors.Invalid("The mutation id is of the future; set the clock of the machine that made it.");
    }

    /// <summary>Appends a record; ends when it is durable and applied.</summary>
    /// <exception cref="StoreException">It was refused or failed.</exception>
    public async Task<MutationOutcome> SendAsync(
        SliceId slice, MutationKind kind, Guid mutationId, byte[] payload, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        // Never cancelled inside: the outcome is fetched in any case, only the caller stops waiting.
        var outcome = await FinishAsync(new LogRecord(slice, Epoch, (byte)kind, mutationId, payload))
            .WaitAsync(cancellationToken);
        return outcome.Kind switch
        {
            OutcomeKind.Applied => outcome,
            OutcomeKind.TooOld => throw StoreErrors.TooOld(),
            OutcomeKind.NoWorkspace => throw StoreErrors.NoWorkspace(slice),
            OutcomeKind.WorkspaceDeleted => throw StoreErrors.WorkspaceDeleted(slice),
            _ => throw StoreErrors.Quarantined(slice, "applying the change failed."),
        };
    }

    // The order hands it back through the applier, in its place.
    private async Task<MutationOutcome> OrderAsync(LogRecord record)
    {
        var order = context.Order ?? throw StoreErrors.NoOrder();
        var (slice, id) = (record.Slice, record.MutationId);
        applier.Expected.Expect(slice, id);
        try
        {
            await order.OrderAsync(slice, record.Kind, id, context.Encode(slice, record.Payload.Span), CancellationToken.None);
            return applier.Expected.Find(slice, id)
                ?? throw new InvalidOperationException($"Mutation {id} came back from its order without an outcome.");
        }
        finally
        {
            applier.Expected.Forget(slice, id);
        }
    }

    private async Task<MutationOutcome> FinishAsync(LogRecord record)
    {
        try
        {
            if (context.Options.IsReplica)
                return await OrderAsync(record);
            var sequence = await context.Log.AppendAsync(record, CancellationToken.None);
            return applier.Take(record.Slice.Partition, sequence);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw StoreErrors.Of(exception);
        }
    }
}
