using System.CommandLine;
using Rag.Cli.Composition;
using Rag.Cli.Ingestion;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag ingest PATH… --workspace W</c>.</summary>
internal static class IngestVerb
{
    /// <summary>From so many files on, others' single ones go first unless told otherwise.</summary>
    private const int BulkFiles = 1000;

    public static Command Create(Terminal terminal)
    {
        var connection = new ConnectionOptions();
        var workspace = WorkspaceOption.Create();
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Files and folders. Hidden ones, package folders and build outputs are left out of folders.",
            Arity = ArgumentArity.OneOrMore,
        };
        var encoder = EncoderOption.Create(
            "Encoder of the passages, if the workspace is made by this call: full is best, lookup hundreds of times faster. "
            + "Default: lookup now, and full in the background.",
            Encoder.Unspecified);
        var metadata = MetadataOption.Create("Given to every chunk; as often as you like.");
        var force = new Option<bool>("--force") { Description = "Index again even what has not changed." };
        var priority = JobOptions.Priority(
            $"Which of the workspace's files come first. Default: normal; bulk from {BulkFiles} files on.");
        var waitRefined = new Option<bool>("--wait-refined")
        {
            Description = "Wait also until the full encoder has been over all passages, where the workspace wants that.",
        };
        var json = JsonOption.Create("Print one JSON object a file: document, outcome, chunks, reason.");

        var verb = new Verb(
            "ingest", "Take files into a workspace and wait until all of them can be found.",
            "rag ingest ~/handbook -w handbook",
            "rag ingest report.pdf notes.md -w handbook --metadata lang=en --metadata year=2024",
            "rag ingest ~/archive -w archive --encoder lookup --json")
        {
            paths, workspace, encoder, metadata, force, priority, waitRefined, json,
        };
        connection.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            var files = SourceFiles.Find(parsed.GetValue(paths)!);
            var source = new IngestSource
            {
                Metadata = MetadataOption.Parse(parsed.GetValue(metadata) ?? []),
                Force = parsed.GetValue(force),
                Priority = parsed.GetValue(priority) is var given and not JobPriority.Unspecified
                    ? given
                    : files.Count >= BulkFiles ? JobPriority.Bulk : JobPriority.Normal,
            };
            await using var engine = await EngineConnector.ConnectAsync(connection, parsed, stop);
            var name = parsed.GetValue(workspace)!;
            await WorkspaceSetup.EnsureAsync(engine.Client, name, parsed.GetValue(encoder), stop);
            var report = new IngestReport(terminal, parsed.GetValue(json));
            var outcomes = await report.RunAsync(new BulkIngest(engine.Client.Workspace(name), source), files, stop);
            if (parsed.GetValue(waitRefined))
                await RefinementWait.RunAsync(engine.Client, name, stop);
            return outcomes.Any(outcome => outcome.Failed) ? ExitCode.Failure : ExitCode.Ok;
        });
        return verb;
    }
}
