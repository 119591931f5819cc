using System.CommandLine;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag workspace set-model W [MODEL]</c>: begins, shows and ends the way to another model.</summary>
internal static class SetModelVerb
{
    public static Verb Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "The workspace." };
        var model = new Argument<string?>("MODEL")
        {
            Description = "The model to move to. Without it: show how far that is.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var space = new Option<string>("--space") { Description = "The vector space.", DefaultValueFactory = _ => "" };
        var samples = new Option<int>("--samples")
        {
            Description = "Chunks to compare the two models by, at most 100.",
            DefaultValueFactory = _ => 20,
        };
        var cutOver = new Option<bool>("--cut-over") { Description = "Let searches use the new model from now on." };
        var rollBack = new Option<bool>("--roll-back") { Description = "Drop the new model's vectors." };
        var force = new Option<bool>("--force") { Description = "Cut over although chunks are missing, which are not found then." };
        var verb = new Verb(
            "set-model", "Move a workspace to another model, in the background.",
            "rag workspace set-model handbook org/other-model",
            "rag workspace set-model handbook",
            "rag workspace set-model handbook --cut-over")
        {
            name, model, space, samples, cutOver, rollBack, force,
        };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var workspaces = call.Client.Workspaces;
            var workspace = call.Parsed.GetValue(name)!;
            var wanted = call.Parsed.GetValue(model);
            var (ends, drops) = (call.Parsed.GetValue(cutOver), call.Parsed.GetValue(rollBack));
            if ((ends ? 1 : 0) + (drops ? 1 : 0) + (wanted is null ? 0 : 1) > 1)
                throw new CliException("Name one of MODEL, --cut-over and --roll-back.", ExitCode.Usage);
            if (wanted is not null)
            {
                call.Print(
                    await workspaces.ChangeModelAsync(workspace, wanted, call.Parsed.GetValue(space)!, stop),
                    WorkspaceText.Details);
            }
            else if (ends || drops)
            {
                var action = ends ? ModelChangeAction.CutOver : ModelChangeAction.RollBack;
                call.Print(
                    await workspaces.FinishModelChangeAsync(workspace, action, call.Parsed.GetValue(force), stop),
                    WorkspaceText.Details);
            }
            else
            {
                call.Print(
                    await workspaces.GetModelChangeAsync(workspace, call.Parsed.GetValue(samples), stop),
                    ModelChangeText.Details);
            }
        });
    }
}
