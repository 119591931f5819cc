using System.Collections.Concurrent;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Ingestion;

/// <summary>Sends many files and waits for all of them.</summary>
internal sealed class BulkIngest(WorkspaceClient workspace, IngestSource source)
{
    // Most of them wait: for their turn, for a group commit, for the watch that says they are done.
    private const int FilesUnderWay = 96;

    /// <param name="finished">Called for each file as it is over, from any thread.</param>
    /// <returns>In the order of the files.</returns>
    public async Task<IReadOnlyList<FileOutcome>> RunAsync(
        IReadOnlyList<SourceFile> files, Action<FileOutcome> finished, CancellationToken cancellationToken)
    {
        var outcomes = new ConcurrentDictionary<string, FileOutcome>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            files,
            new ParallelOptions { MaxDegreeOfParallelism = FilesUnderWay, CancellationToken = cancellationToken },
            async (file, stop) =>
            {
                var outcome = await IngestAsync(file, stop);
                outcomes[file.DocumentId] = outcome;
                finished(outcome);
            });
        return [.. files.Select(file => outcomes[file.DocumentId])];
    }

    private async Task<FileOutcome> IngestAsync(SourceFile file, CancellationToken cancellationToken)
    {
        var named = source with { DocumentId = file.DocumentId, FileName = Path.GetFileName(file.Path) };
        try
        {
            var job = await workspace.Documents.IngestFileAsync(file.Path, named, cancellationToken);
            return new FileOutcome(file, job.State, job.Outcome, job.Chunks, job.Reason);
        }
        catch (Exception failure) when (failure is RagException or IOException or UnauthorizedAccessException)
        {
            return new FileOutcome(file, JobState.Failed, JobOutcome.Unspecified, 0, failure.Message);
        }
    }
}
