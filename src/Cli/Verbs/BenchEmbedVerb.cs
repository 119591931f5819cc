using System.CommandLine;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Cli.Embedding;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Embedding;

namespace Rag.Cli.Verbs;

/// <summary><c>rag bench embed</c>.</summary>
internal static class BenchEmbedVerb
{
    public static Command Create(Terminal terminal)
    {
        var model = new Option<string>("--model") { Description = "The model.", DefaultValueFactory = _ => "" };
        var seconds = new Option<double>("--seconds")
        {
            Description = "Length of each of the ten measurements.",
            DefaultValueFactory = _ => 2,
        };
        var workers = new Option<int>("--workers") { Description = "Batches computed at a time; 0: one a core." };
        var json = JsonOption.Create("Print one JSON object a measurement.");
        var verb = new Verb(
            "embed", "Texts and tokens a second of a model's tokenizer and encoders, one caller and many.",
            "rag bench embed --seconds 10 --json")
        {
            model, seconds, workers, json,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var info = LocalModels.Get(parsed.GetValue(model)!);
            var options = new EmbedderOptions
            {
                ModelFolder = info.Folder,
                ModelName = info.Name,
                Workers = parsed.GetValue(workers),
            };
            var each = TimeSpan.FromSeconds(Math.Clamp(parsed.GetValue(seconds), 0.1, 600));
            var result = await ModelTest.RunAsync(options, NullLoggerFactory.Instance, each, stop);
            if (parsed.GetValue(json))
                ModelSpeeds.WriteJson(terminal.Out, result);
            else
                ModelSpeeds.Write(terminal.Out, result);
            return ExitCode.Ok;
        });
        return verb;
    }
}
