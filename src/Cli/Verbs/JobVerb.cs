using System.CommandLine;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag job list|get|watch|cancel</c>.</summary>
internal static class JobVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "job", "Follow files on their way into a workspace.",
        "rag job list -w handbook --failed", "rag job watch 0197a0c2-1f00-7000-8000-000000000000 -w handbook")
    {
        List(terminal), Get(terminal), Watch(terminal), Cancel(terminal),
    };

    private static Verb List(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var failed = new Option<bool>("--failed") { Description = "Only those that failed." };
        var limit = new Option<int>("--limit") { Description = "At most this many.", DefaultValueFactory = _ => 100 };
        var verb = new Verb("list", "List jobs, newest first.") { workspace, failed, limit };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            JobState[] states = call.Parsed.GetValue(failed) ? [JobState.Failed] : [];
            var left = call.Parsed.GetValue(limit);
            var jobs = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Jobs;
            await foreach (var job in jobs.ListAsync(states, Math.Clamp(left, 1, 1000), stop))
            {
                if (left-- <= 0)
                    break;
                call.Print(job, Line);
            }
        });
    }

    private static Verb Get(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var id = IdArgument();
        return EngineVerb.With(new Verb("get", "Show a job.") { id, workspace }, terminal, async (call, stop) =>
        {
            var jobs = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Jobs;
            call.Print(await jobs.GetAsync(call.Parsed.GetValue(id)!, stop), Line);
        });
    }

    private static Verb Watch(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var id = IdArgument();
        var verb = new Verb("watch", "Show a job at every change until it is over; fails if the job does.") { id, workspace };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var state = JobState.Unspecified;
            var jobs = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Jobs;
            await foreach (var job in jobs.WatchAsync(call.Parsed.GetValue(id)!, stop))
            {
                call.Print(job, Line);
                state = job.State;
            }

            return state == JobState.Done ? ExitCode.Ok : ExitCode.Failure;
        });
    }

    private static Verb Cancel(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var id = IdArgument();
        var verb = new Verb("cancel", "Stop a job that is not over.") { id, workspace };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var jobs = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Jobs;
            call.Print(await jobs.CancelAsync(call.Parsed.GetValue(id)!, stop), Line);
        });
    }

    private static Argument<string> IdArgument() => new("JOB") { Description = "Its id." };

    private static string Line(Job job)
    {
        var line = $"{job.JobId}  {job.State.ToString().ToLowerInvariant()}  {job.DocumentId}  "
            + $"{job.ChunksWritten}/{job.Chunks} chunks";
        return job.Reason.Length > 0 ? $"{line}  {job.Reason}" : line;
    }
}
