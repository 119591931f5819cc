using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Cli.Composition;
using Rag.Cli.Output;
using Rag.Embedding;
using Spectre.Console;

namespace Rag.Cli.Verbs;

/// <summary><c>rag model pull NAME</c>.</summary>
internal static class ModelPullVerb
{
    private const string TokenVariable = "HF_TOKEN";

    public static Command Create(Terminal terminal)
    {
        var id = new Argument<string>("NAME") { Description = "Its Hugging Face id, as org/name." };
        var address = new Option<Uri?>("--address", "-a")
        {
            Description = "A hub whose files are laid out like Hugging Face's. Default: the public one.",
            HelpName = "URL",
        };
        var revision = new Option<string>("--revision")
        {
            Description = "Branch, tag or commit.",
            DefaultValueFactory = _ => "main",
        };
        var folder = new Option<string?>("--to")
        {
            Description = $"The models folder. Default: {ModelFolders.Variable}, else models beside the data.",
            HelpName = "FOLDER",
        };
        var verb = new Verb(
            "pull", "Fetch a model from a hub; what is here already is not fetched again.",
            "rag model pull sentence-transformers/all-MiniLM-L6-v2",
            "rag model pull org/name --address http://127.0.0.1:8080 --revision v2")
        {
            id, address, revision, folder,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var token = Environment.GetEnvironmentVariable(TokenVariable);
            var options = new ModelPullOptions
            {
                ModelsFolder = parsed.GetValue(folder) ?? ModelFolders.Pulled,
                Revision = parsed.GetValue(revision)!,
                AccessToken = string.IsNullOrEmpty(token) ? null : token,
            };
            if (parsed.GetValue(address) is { } hub)
                options = options with { HubAddress = hub };
            var model = await PullAsync(terminal, parsed.GetValue(id)!, options, stop);
            terminal.Out.WriteLine(ModelText.Details(model));
            return ExitCode.Ok;
        });
        return verb;
    }

    private static async Task<ModelInfo> PullAsync(
        Terminal terminal, string id, ModelPullOptions options, CancellationToken cancellationToken)
    {
        using var puller = new ModelPuller(NullLoggerFactory.Instance);
        if (!terminal.Progress.Profile.Capabilities.Interactive)
            return await puller.PullAsync(id, options, progress: null, cancellationToken);
        return await terminal.Progress.Progress()
            .AutoClear(true)
            .Columns(
                new TaskDescriptionColumn(), new ProgressBarColumn(), new DownloadedColumn(), new TransferSpeedColumn())
            .StartAsync(async context =>
            {
                var task = context.AddTask(Markup.Escape(id));
                var progress = new DirectProgress(step =>
                {
                    task.MaxValue = Math.Max(1, step.TotalSize ?? step.TotalBytes);
                    task.Value = step.TotalBytes;
                });
                return await puller.PullAsync(id, options, progress, cancellationToken);
            });
    }

    // Progress<T> would report on the thread pool, in any order.
    private sealed class DirectProgress(Action<ModelPullProgress> report) : IProgress<ModelPullProgress>
    {
        public void Report(ModelPullProgress value) => report(value);
    }
}
