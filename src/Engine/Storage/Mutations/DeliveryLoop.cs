using Microsoft.Extensions.Logging;

namespace Rag.Engine.Storage;

/// <summary>
/// The thread that hands durable records to the sink and then tells their callers. Apart from the commit loop, so that
/// one batch is applied while the next is synced.
/// </summary>
internal sealed class DeliveryLoop(
    WorkQueue<CommittedBatch> committed, IMutationSink sink, Action<Exception> failed, ILogger logger)
{
    private readonly List<DurableRecord> _records = [];

    /// <summary>Runs until the queue is closed and empty, or the sink fails.</summary>
    public void Run()
    {
        Exception? failure = null;
        while (true)
        {
            if (!committed.TryTake(out var batch))
            {
                if (!committed.Wait(Timeout.InfiniteTimeSpan) && committed.IsClosed)
                    return;
                continue;
            }
            failure ??= Apply(batch);
            foreach (var request in batch.Requests)
            {
                if (failure is null)
                    request.Complete();
                else
                    request.Fail(failure);
            }
        }
    }

    private StorageFaultException? Apply(CommittedBatch batch)
    {
        foreach (var request in batch.Requests)
        {
            var record = request.Record;
            _records.Add(new DurableRecord(
                record.Slice, record.Epoch, request.Sequence, record.Kind, record.MutationId, record.Payload,
                batch.Position));
        }
        try
        {
            sink.Apply(_records);
            return null;
        }
        catch (Exception exception)
        {
            MutationLogMessages.ApplyFailed(logger, exception);
            failed(exception);
            return new StorageFaultException(
                "The write is durable but could not be applied; the node must be restarted.", exception);
        }
        finally
        {
            _records.Clear();
        }
    }
}
