using System.CommandLine;
using Rag.Cli.Composition;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag workspace create|get|show|list|update|delete|stats</c>.</summary>
internal static class WorkspaceVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "workspace", "Make, look at, change and remove workspaces.",
        "rag workspace create handbook --ingest fast --label team=hr",
        "rag workspace list --json",
        "rag workspace stats handbook",
        "rag workspace delete handbook")
    {
        CreateOne(terminal), Get(terminal), Show(terminal), List(terminal), Update(terminal), SetModelVerb.Create(terminal),
        Delete(terminal), Statistics(terminal),
    };

    private static Verb CreateOne(Terminal terminal)
    {
        var name = NameArgument();
        var settings = new WorkspaceSettingsOptions(forCreation: true);
        var verb = new Verb("create", "Make a workspace.") { name };
        settings.AddTo(verb);
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var wanted = settings.Read(call.Parsed, call.Parsed.GetValue(name)!).Workspace;
            call.Print(await call.Client.Workspaces.CreateAsync(wanted, stop), WorkspaceText.Line);
        });
    }

    private static Verb Get(Terminal terminal)
    {
        var name = NameArgument();
        return EngineVerb.With(new Verb("get", "Show a workspace's settings.") { name }, terminal, async (call, stop) =>
            call.Print(await call.Client.Workspaces.GetAsync(call.Parsed.GetValue(name)!, stop), WorkspaceText.Details));
    }

    private static Verb Show(Terminal terminal)
    {
        var name = NameArgument();
        var verb = new Verb("show", "Show a workspace's settings, what it holds, and what the background has still to do.")
        {
            name,
        };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var asked = call.Parsed.GetValue(name)!;
            call.Print(await call.Client.Workspaces.GetAsync(asked, stop), WorkspaceText.Details);
            call.Print(await call.Client.Workspaces.GetStatisticsAsync(asked, stop), WorkspaceText.Statistics);
        });
    }

    private static Verb List(Terminal terminal) =>
        EngineVerb.With(new Verb("list", "List all workspaces."), terminal, async (call, stop) =>
        {
            await foreach (var workspace in call.Client.Workspaces.ListAsync(cancellationToken: stop))
                call.Print(workspace, WorkspaceText.Line);
        });

    private static Verb Update(Terminal terminal)
    {
        var name = NameArgument();
        var settings = new WorkspaceSettingsOptions(forCreation: false);
        var verb = new Verb("update", "Change a workspace's settings; those not named stay as they are.") { name };
        settings.AddTo(verb);
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var (wanted, paths) = settings.Read(call.Parsed, call.Parsed.GetValue(name)!);
            if (paths.Count == 0)
                throw new CliException("Nothing to change: name a setting, as --ingest fast.", ExitCode.Usage);
            call.Print(
                await call.Client.Workspaces.UpdateAsync(wanted, paths, cancellationToken: stop), WorkspaceText.Details);
        });
    }

    private static Verb Delete(Terminal terminal)
    {
        var name = NameArgument();
        return EngineVerb.With(
            new Verb("delete", "Erase a workspace and everything in it.") { name }, terminal, async (call, stop) =>
            {
                await call.Client.Workspaces.DeleteAsync(call.Parsed.GetValue(name)!, cancellationToken: stop);
                call.Note($"Workspace {call.Parsed.GetValue(name)} is gone.");
            });
    }

    private static Verb Statistics(Terminal terminal)
    {
        var name = NameArgument();
        return EngineVerb.With(
            new Verb("stats", "Show what a workspace holds and what that costs.") { name }, terminal, async (call, stop) =>
                call.Print(
                    await call.Client.Workspaces.GetStatisticsAsync(call.Parsed.GetValue(name)!, stop),
                    WorkspaceText.Statistics));
    }

    private static Argument<string> NameArgument() => new("NAME") { Description = "The workspace." };
}
