using System.Diagnostics;
using System.Globalization;
using Rag.Cli.Output;
using Spectre.Console;

namespace Rag.Cli.Ingestion;

/// <summary>Shows how an ingestion goes and what became of it.</summary>
internal sealed class IngestReport(Terminal terminal, bool json)
{
    private const int ShownFailures = 50;

    /// <summary>So many files, in words.</summary>
    public static string Files(int count) => count == 1 ? "1 file" : $"{count} files";

    public async Task<IReadOnlyList<FileOutcome>> RunAsync(
        BulkIngest ingest, IReadOnlyList<SourceFile> files, CancellationToken cancellationToken)
    {
        var watch = Stopwatch.StartNew();
        var outcomes = await RunWithProgressAsync(ingest, files, cancellationToken);
        if (json)
            WriteJson(outcomes);
        else
            WriteSummary(outcomes, watch.Elapsed);
        return outcomes;
    }

    private async Task<IReadOnlyList<FileOutcome>> RunWithProgressAsync(
        BulkIngest ingest, IReadOnlyList<SourceFile> files, CancellationToken cancellationToken)
    {
        if (!terminal.Progress.Profile.Capabilities.Interactive)
            return await ingest.RunAsync(files, _ => { }, cancellationToken);
        return await terminal.Progress.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new RemainingTimeColumn(),
                new SpinnerColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Files(files.Count), maxValue: Math.Max(1, files.Count));
                return await ingest.RunAsync(files, _ => task.Increment(1), cancellationToken);
            });
    }

    private void WriteJson(IReadOnlyList<FileOutcome> outcomes)
    {
        foreach (var outcome in outcomes)
        {
            JsonLines.Write(terminal.Out, line =>
            {
                line.WriteString("document", outcome.File.DocumentId);
                line.WriteString("outcome", outcome.Word);
                line.WriteNumber("chunks", outcome.Chunks);
                line.WriteString("reason", outcome.Reason);
            });
        }
    }

    private void WriteSummary(IReadOnlyList<FileOutcome> outcomes, TimeSpan elapsed)
    {
        var failed = outcomes.Where(outcome => outcome.Failed).ToList();
        foreach (var outcome in failed.Take(ShownFailures))
            terminal.Error.WriteLine($"{outcome.Word}: {outcome.File.DocumentId}: {outcome.Reason}");
        if (failed.Count > ShownFailures)
            terminal.Error.WriteLine($"... and {failed.Count - ShownFailures} more.");
        var words = outcomes.GroupBy(outcome => outcome.Word)
            .OrderBy(group => group.Key, StringComparer.Ordinal)
            .Select(group => $"{group.Count()} {group.Key.Replace('_', ' ')}");
        var chunks = outcomes.Where(outcome => outcome.Word == "indexed").Sum(outcome => outcome.Chunks);
        var seconds = elapsed.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture);
        var summary = outcomes.Count == 0 ? "nothing to do" : string.Join(", ", words);
        terminal.Out.WriteLine($"{Files(outcomes.Count)} in {seconds} s: {summary}; {chunks} chunks written.");
    }
}
