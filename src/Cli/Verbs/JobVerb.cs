using System.CommandLine;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag job list|get|watch|cancel|requeue</c>.</summary>
internal static class JobVerb
{
    private const int RequeueBatch = 1000;

    public static Command Create(Terminal terminal) => new Verb(
        "job", "Follow files on their way into a workspace.",
        "rag job list -w handbook --state failed", "rag job requeue -w handbook --failed", "rag job watch 0197a0c2-1f00-7000-8000-000000000000 -w handbook")
    {
        List(terminal), Get(terminal), Watch(terminal), Cancel(terminal), Requeue(terminal),
    };

    private static Verb List(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var failed = new Option<bool>("--failed") { Description = "Only those that failed: the same as --state failed." };
        var state = JobOptions.States();
        var limit = new Option<int>("--limit") { Description = "At most this many.", DefaultValueFactory = _ => 100 };
        var verb = new Verb("list", "List jobs, newest first.") { workspace, state, failed, limit };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var states = call.Parsed.GetValue(state) ?? [];
            if (call.Parsed.GetValue(failed))
                states = [.. states, JobState.Failed];
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

    private static Verb Requeue(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var ids = new Argument<string[]>("JOB") { Description = "Ids of jobs that failed.", Arity = ArgumentArity.ZeroOrMore };
        var failed = new Option<bool>("--failed") { Description = "All jobs of the workspace that failed." };
        var verb = new Verb(
            "requeue", "Try jobs that failed once more, once what was in the way is gone.",
            "rag job requeue 0197a0c2-1f00-7000-8000-000000000000 -w handbook", "rag job requeue --failed -w handbook")
        {
            ids, workspace, failed,
        };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var named = call.Parsed.GetValue(ids) ?? [];
            var all = call.Parsed.GetValue(failed);
            if (all == named.Length > 0)
                throw new CliException("Name jobs, or say --failed for all that failed.");
            var jobs = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Jobs;
            var refused = 0;
            if (all)
            {
                var batch = new List<string>(RequeueBatch);
                await foreach (var job in jobs.ListAsync([JobState.Failed], RequeueBatch, stop))
                {
                    batch.Add(job.JobId);
                    if (batch.Count < RequeueBatch)
                        continue;
                    await SendAsync(batch);
                    batch.Clear();
                }

                named = [.. batch];
            }

            foreach (var batch in named.Distinct().Chunk(RequeueBatch))
                await SendAsync(batch);
            return refused == 0 ? ExitCode.Ok : ExitCode.Failure;

            async Task SendAsync(IReadOnlyList<string> batch)
            {
                foreach (var result in await jobs.RequeueAsync(batch, stop))
                {
                    refused += result.Error is null ? 0 : 1;
                    call.Print(result, Line);
                }
            }
        });
    }

    private static Argument<string> IdArgument() => new("JOB") { Description = "Its id." };

    private static string Line(RequeueJobResult result) =>
        result.Error is null ? Line(result.Job) : $"{result.JobId}  {result.Error.Message}";

    private static string Line(Job job)
    {
        var line = $"{job.JobId}  {job.State.ToString().ToLowerInvariant()}  {job.DocumentId}  "
            + $"{job.ChunksWritten}/{job.Chunks} chunks";
        return job.Reason.Length > 0 ? $"{line}  {job.Reason}" : line;
    }
}
