using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Rag.Embedding;
using Rag.Engine;
using Rag.Shard.Services;

namespace Rag.Shard.Refinement;

/// <summary>
/// Replaces lookup vectors by those of the full encoder, and fills spaces that a workspace is moved to. One loop, owned
/// by the host. What is left to do is what the tags of the stored vectors say, so a restart goes on where it stopped.
/// <code>
/// look ─► whose turn? ─► no search under way? ─► some chunks ─► embed ─► "set the vector if the version is v" ─► …
/// </code>
/// </summary>
internal sealed class Refiner(
    ShardStore store, RefinementPlan plan, RefinementSchedule schedule, IRefinementModels models,
    SearchActivity searches, RefinementLedger ledger, RefinementMetrics metrics, RefinementOptions options, BackgroundWorkers workers,
    TimeProvider time, ILogger<Refiner> logger)
    : BackgroundService
{
    /// <summary>Pause after a fault, and of a slice that cannot be worked on.</summary>
    internal static readonly TimeSpan FaultPause = TimeSpan.FromSeconds(30);

    private readonly Dictionary<RefinementTask, int> _cursors = [];
    private readonly Dictionary<RefinementTask, long> _pausedSince = [];

    /// <summary>One turn: looks, and works on what comes first. False if there was nothing to do.</summary>
    internal async Task<bool> TakeTurnAsync(CancellationToken cancellationToken)
    {
        var works = plan.Look();
        ledger.Pending = works.Sum(work => work.Chunks);
        works.RemoveAll(work => IsPaused(work.Task));
        if (works.Count == 0)
        {
            _cursors.Clear();
            return false;
        }

        var work = schedule.Choose(works);
        try
        {
            await WorkAsync(work, cancellationToken);
        }
        catch (Exception fault) when (!cancellationToken.IsCancellationRequested)
        {
            RefinementLog.Paused(logger, work.Task.Slice, work.Task.Model, fault);
            _pausedSince[work.Task] = time.GetTimestamp();
        }

        return true;
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        // Leave the thread that starts the host.
        await Task.Yield();
        while (!stoppingToken.IsCancellationRequested)
        {
            try
            {
                if (!await TakeTurnAsync(stoppingToken))
                {
                    searches.Forget();
                    await Task.Delay(options.LookInterval, time, stoppingToken);
                }
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception fault)
            {
                RefinementLog.LookFailed(logger, fault);
                await Task.Delay(FaultPause, time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }
    }

    private async Task WorkAsync(RefinementWork work, CancellationToken cancellationToken)
    {
        var task = work.Task;
        var embedder = models.Find(task.Model);
        if (embedder is null)
            return;
        var from = _cursors.GetValueOrDefault(task);
        var (left, begun, done) = (options.TurnChunks, from, 0);
        while (left > 0 && plan.IsWanted(task))
        {
            // Before the texts are read: what is deleted or replaced meanwhile is not embedded.
            await searches.WaitForLullAsync(options.Patience, cancellationToken);
            var page = await store.ReadUnrefinedAsync(
                task.Slice, task.Space, task.Gap, from, Math.Min(left, options.BatchChunks * workers.Count), cancellationToken);
            if (page.Chunks.Count > 0)
                done += await RefineAsync(task, embedder, page.Chunks, cancellationToken);
            left -= page.Chunks.Count;
            from = page.Next;
            if (from < 0)
                break;
        }

        if (from >= 0)
        {
            _cursors[task] = from;
            return;
        }

        _cursors.Remove(task);
        if (begun == 0 && done == 0)
            plan.Exhaust(work);
    }

    private async Task<int> RefineAsync(
        RefinementTask task, IEmbedder embedder, IReadOnlyList<UnrefinedChunk> chunks,
        CancellationToken cancellationToken)
    {
        var dimension = embedder.Model.Dimension;
        var vectors = new float[chunks.Count * dimension];
        var texts = chunks.Select(chunk => chunk.Text).ToList();
        var (began, searchesBefore) = (time.GetTimestamp(), searches.Begun);
        var isFull = embedder.Model.HasFull && !(task.IsQuick && embedder.Model.HasLookup);
        var used = await embedder.EncodeBackgroundAsync(
            texts, isFull ? EncoderKind.Full : EncoderKind.Lookup, vectors, cancellationToken);
        var embedded = time.GetElapsedTime(began);
        var encoder = isFull ? VectorEncoder.Full : VectorEncoder.Lookup;
        var writes = new ChunkWrite[chunks.Count];
        for (var i = 0; i < writes.Length; i++)
        {
            writes[i] = new ChunkWrite
            {
                Key = chunks[i].Key,
                Fields = ChunkFields.Vectors,
                Vectors = [new SpaceVector(task.Space, vectors.AsMemory(i * dimension, dimension), encoder)],
                Precondition = Precondition.IfVersion(chunks[i].Version),
            };
        }

        var outcome = await store.RefineAsync(
            task.Slice, writes, Guid.CreateVersion7(time.GetUtcNow()), cancellationToken);
        var refined = outcome.Items.Count(item => item.Status == ChunkWriteStatus.Updated);
        ledger.Add(task.Slice.WorkspaceUid, refined);
        metrics.Count(refined, chunks.Count - refined, embedded);
        await RestAsync(used, searches.Begun != searchesBefore, cancellationToken);
        return refined;
    }

    // The background's workers are all busy meanwhile; a share below theirs is kept by resting. What counts is what they had
    // of the processor: while they waited for it they have rested already.
    private Task RestAsync(TimeSpan worked, bool besideSearches, CancellationToken cancellationToken)
    {
        var rest = worked * (workers.Count / (Environment.ProcessorCount * options.MaxCpuShare) - 1);
        if (besideSearches)
        {
            var beside = worked * options.RestBesideSearches;
            beside = beside < options.Patience ? beside : options.Patience;
            rest = rest > beside ? rest : beside;
        }

        return rest > TimeSpan.Zero ? Task.Delay(rest, time, cancellationToken) : Task.CompletedTask;
    }

    private bool IsPaused(RefinementTask task)
    {
        if (!_pausedSince.TryGetValue(task, out var since))
            return false;
        if (time.GetElapsedTime(since) < FaultPause)
            return true;
        _pausedSince.Remove(task);
        return false;
    }
}

/// <summary>How many threads embed in the background.</summary>
internal sealed record BackgroundWorkers(int Count);
