using System.Threading.Channels;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.Extensions.Logging;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;
using Rag.Ingestor.Jobs;
using Rag.Metadata;

namespace Rag.Ingestor.Documents;

/// <summary>
/// Turns the file of one job into the chunks of one document: read and cut, write in batches, commit. Reading and
/// writing overlap; what is between them is bounded. Thread-safe.
/// </summary>
internal sealed class DocumentIndexer(
    IMetadataStore metadata, DocumentWriter writer, DocumentExtractor extractor, ITokenCounters counters,
    IngestorOptions options, IngestorMetrics metrics, ILogger<DocumentIndexer> logger)
{
    /// <summary>Batches between cutting and writing, and writers of one document.</summary>
    private const int BatchesAhead = 2;
    private const int WritersOfDocument = 2;

    /// <summary>Files up to this size are read in one piece; larger ones as they are needed.</summary>
    private const int ReadAtOnceBytes = 1 << 20;
    private const int LongestTitle = 512;

    /// <summary>
    /// Files from this size keep their place among the readers while they wait, for they may hold memory.
    /// </summary>
    private const int LargeBytes = 4 << 20;

    private readonly FairGate _extractions = new(options.MaxExtractions, options.ShareOf(options.MaxExtractions));
    private readonly FairGate _writes = new(options.MaxWrites, options.ShareOf(options.MaxWrites));

    /// <summary>One try of a job. Throws what the router and the metadata store throw.</summary>
    public async Task<JobVerdict> IndexAsync(ActiveJob job, CancellationToken cancellationToken)
    {
        var record = job.Record;
        var plan = DocumentPlan.Of(record, await writer.GetSettingsAsync(record, cancellationToken));
        if (!record.Force
            && await metadata.Documents.FindAsync(record.WorkspaceUid, record.DocumentId, cancellationToken) is { } known
            && plan.IsSameAs(known, record))
            return new JobVerdict.Completed(JobOutcome.Unchanged, null);
        var model = plan.Model.Length > 0 ? plan.Model : options.DefaultModel;
        if (counters.Find(model) is not { } counter)
            return new JobVerdict.Retry(
                $"The ingestor does not have the model '{model}', by whose tokens the file is to be cut; "
                + $"put it into its folder of models.");
        await using var content = await OpenContentAsync(record, cancellationToken);
        if (content is null)
            return new JobVerdict.Failed("The file's bytes are not there any more; submit it again.");

        var generation = DocumentPlan.Generation(record, record.Fence);
        var mayAbort = true;
        try
        {
            var cut = await WriteAllAsync(job, content, plan, counter, generation, cancellationToken);
            if (cut.Failure is { } failure)
                return new JobVerdict.Failed(failure.Sentence);
            job.Enter(JobState.Indexing);
            if (!await IsHeldAsync(record, cancellationToken))
                return new JobVerdict.Lost();
            mayAbort = false;
            var commit = await writer.CommitAsync(record, generation, cut.Chunks, cancellationToken);
            return new JobVerdict.Completed(
                cut.Chunks > 0 ? JobOutcome.Indexed : JobOutcome.NoText, DocumentOf(record, plan, cut, commit.Version));
        }
        finally
        {
            // Whatever was not committed is of no use to anyone. A commit of unknown outcome is left alone.
            if (mayAbort && job.Progress.ChunksWritten > 0)
                await AbortAsync(record, generation);
        }
    }

    private static DocumentRecord DocumentOf(JobRecord record, DocumentPlan plan, CutDocument cut, long version) => new()
    {
        WorkspaceUid = record.WorkspaceUid,
        DocumentId = record.DocumentId,
        Title = cut.Title is null ? "" : cut.Title[..TextCut.FirstPart(cut.Title, LongestTitle)],
        FileName = record.FileName,
        MediaType = record.MediaType,
        Metadata = record.Metadata,
        ContentHash = record.ContentHash,
        Fingerprint = plan.Fingerprint,
        SizeBytes = record.SizeBytes,
        Chunks = cut.Chunks,
        Version = version,
    };

    /// <summary>
    /// The file's name. Text that came without one may have an id that looks like a name, whose ending is believed
    /// unless
    /// it speaks of anything but text.
    /// </summary>
    private static string NameOf(JobRecord record)
    {
        if (record.FileName.Length > 0)
            return record.FileName;
        return FileExtensions.IsOfText(record.DocumentId) ? record.DocumentId : "";
    }

    private async Task<Stream?> OpenContentAsync(JobRecord record, CancellationToken cancellationToken)
    {
        var content = await metadata.Blobs.OpenReadAsync(record.JobId, cancellationToken);
        if (content is null || content.Length > ReadAtOnceBytes)
            return content;
        await using (content)
        {
            var bytes = new byte[content.Length];
            await content.ReadExactlyAsync(bytes, cancellationToken);
            return new MemoryStream(bytes, writable: false);
        }
    }

    /// <summary>The last look before the step that cannot be taken back.</summary>
    private async Task<bool> IsHeldAsync(JobRecord record, CancellationToken cancellationToken) =>
        await metadata.Jobs.FindAsync(record.WorkspaceUid, record.JobId, cancellationToken) is { IsOver: false } current
        && current.Fence == record.Fence;

    private async Task<CutDocument> WriteAllAsync(
        ActiveJob job, Stream content, DocumentPlan plan, ITokenCounter counter, ByteString generation,
        CancellationToken cancellationToken)
    {
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var batches = Channel.CreateBounded<IReadOnlyList<V1.Chunk>>(
            new BoundedChannelOptions(BatchesAhead) { SingleWriter = true });
        var cutting = CutAsync(job, content, plan, counter, batches.Writer, stop.Token);
        var writing = new Task[WritersOfDocument];
        for (var i = 0; i < writing.Length; i++)
            writing[i] = WriteBatchesAsync(job, batches.Reader, generation, stop, cancellationToken);
        var written = Task.WhenAll(writing);
        try
        {
            var cut = await cutting;
            // Chunks of a file that turned out to be broken are not worth writing.
            if (cut.Failure is not null)
                await stop.CancelAsync();
            else
                await written;
            return cut;
        }
        catch (OperationCanceledException) when (written.IsFaulted)
        {
            // A writer failed and stopped the cutting: its error is the one that counts.
            await written;
            throw;
        }
        finally
        {
            await stop.CancelAsync();
            await written.ContinueWith(static _ => { }, TaskScheduler.Default);
        }
    }

    private async Task<CutDocument> CutAsync(
        ActiveJob job, Stream content, DocumentPlan plan, ITokenCounter counter,
        ChannelWriter<IReadOnlyList<V1.Chunk>> batches, CancellationToken cancellationToken)
    {
        var record = job.Record;
        using var place = new GatePlace(_extractions, record.WorkspaceUid);
        try
        {
            await place.EnterAsync(cancellationToken);
            // Reading is work for a core, not for the thread that claims jobs.
            await Task.Yield();
            var file = new SourceFile(NameOf(record), content, record.MediaType.Length > 0 ? record.MediaType : null);
            using var extraction = await extractor.OpenAsync(file, cancellationToken);
            var builder = new ChunkBatcher(record, options);
            long chunks = 0;
            foreach (var chunk in new Chunker(plan.Chunking, counter).Split(extraction.ReadBlocks(cancellationToken)))
            {
                if (++chunks > plan.Chunking.MaxChunks)
                    return CutDocument.TooMany(plan.Chunking.MaxChunks);
                if (builder.Add(chunk, extraction.Title) is { } full)
                    await HandOverAsync(job, batches, full, content.Length < LargeBytes ? place : null, cancellationToken);
            }

            metrics.Read(content.Length);
            if (extraction.Failure is null && builder.TakeRest() is { } rest)
                await HandOverAsync(job, batches, rest, null, cancellationToken);
            return new CutDocument(extraction.Failure, extraction.Title, chunks);
        }
        finally
        {
            batches.TryComplete();
        }
    }

    /// <summary>Hands a batch to the writers; while they are busy, the reader's place is another file's.</summary>
    /// <param name="place">The place to leave meanwhile; null to keep it.</param>
    private static async Task HandOverAsync(
        ActiveJob job, ChannelWriter<IReadOnlyList<V1.Chunk>> batches, IReadOnlyList<V1.Chunk> batch, GatePlace? place,
        CancellationToken cancellationToken)
    {
        job.Made(batch.Count);
        if (batches.TryWrite(batch))
            return;
        place?.Leave();
        await batches.WriteAsync(batch, cancellationToken);
        if (place is not null)
            await place.EnterAsync(cancellationToken);
    }

    /// <summary>
    /// Writes batches until there are no more, or until <paramref name="stop"/>: a call under way then ends by itself,
    /// because a write that nobody waits for could arrive after the abort of its generation.
    /// </summary>
    private async Task WriteBatchesAsync(
        ActiveJob job, ChannelReader<IReadOnlyList<V1.Chunk>> batches, ByteString generation,
        CancellationTokenSource stop, CancellationToken cancellationToken)
    {
        try
        {
            await foreach (var batch in batches.ReadAllAsync(stop.Token))
            {
                using var slot = await _writes.EnterAsync(job.Record.WorkspaceUid, stop.Token);
                job.Enter(JobState.Embedding);
                await writer.WriteAsync(job.Record, generation, batch, cancellationToken);
                job.Wrote(batch.Count);
                metrics.Written(batch.Count);
            }
        }
        catch
        {
            await stop.CancelAsync();
            throw;
        }
    }

    private async Task AbortAsync(JobRecord record, ByteString generation)
    {
        try
        {
            await writer.AbortAsync(record, generation);
        }
        catch (RpcException refused)
        {
            IngestorLog.AbortFailed(logger, refused, record.JobId);
        }
    }
}
