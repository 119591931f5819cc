using System.CommandLine;
using Rag.Cli.Embedding;
using Rag.Cli.Options;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag model show NAME</c>.</summary>
internal static class ModelShowVerb
{
    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "The model.", DefaultValueFactory = _ => LocalModels.Default };
        var json = JsonOption.Create();
        var verb = new Verb("show", "Show a model's licence, dimension and limits.", "rag model show all-MiniLM-L6-v2")
        {
            name, json,
        };
        verb.SetAction(parsed =>
        {
            var model = LocalModels.Get(parsed.GetValue(name)!);
            if (parsed.GetValue(json))
                ModelText.Write(terminal.Out, model, asJson: true);
            else
                terminal.Out.WriteLine(ModelText.Details(model));
            return ExitCode.Ok;
        });
        return verb;
    }
}
