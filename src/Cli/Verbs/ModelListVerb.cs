using System.CommandLine;
using Rag.Cli.Embedding;
using Rag.Cli.Options;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag model list</c>.</summary>
internal static class ModelListVerb
{
    public static Command Create(Terminal terminal)
    {
        var json = JsonOption.Create();
        var verb = new Verb("list", "List the models on this machine.", "rag model list --json") { json };
        verb.SetAction(parsed =>
        {
            foreach (var entry in LocalModels.List())
            {
                if (entry.Model is { } model)
                    ModelText.Write(terminal.Out, model, parsed.GetValue(json));
                else
                    terminal.Error.WriteLine($"{entry.Name} cannot be used: {entry.Error}");
            }

            return ExitCode.Ok;
        });
        return verb;
    }
}
