using System.Diagnostics;
using Grpc.Core;
using Rag.Hosting.Topology;
using Rag.Hosting.Wire;
using Rag.Router.Access;
using Rag.Router.Balancing;
using Rag.Router.Cursors;
using Rag.Router.Errors;
using Rag.Router.Services;
using Rag.Router.Shards;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Wire;

/// <summary>
/// Answers a plain search at once, on the thread that read it, where all it needs is here: its workspace is known, lies in
/// one partition, and the shard of that partition is in this process. It passes the same gate, the same door and the
/// same limits as any other search. Whatever is out of the ordinary, faults included, makes it step aside: <see cref="Search.SearchHandler"/>
/// then does the whole search, and says what is wrong. Thread-safe.
/// </summary>
internal sealed class PlainSearcher(
    CallPipeline pipeline, SearchAdmission admission, WorkspaceDirectory directory, ITopologySource topology, IShardConnections shards,
    ShardStates states, RouterMetrics metrics)
{
    // SearchResponse
    private const byte Timings = 2 << 3 | 2;
    private const byte EncoderField = 3 << 3 | 0;
    private const byte Token = 5 << 3 | 2;
    private const byte SettingsVersion = 6 << 3 | 0;

    // SearchTimings
    private const byte Total = 1 << 3 | 2;
    private const byte Embed = 2 << 3 | 2;
    private const byte SearchTime = 3 << 3 | 2;
    private const byte Fetch = 4 << 3 | 2;
    private const byte Merge = 5 << 3 | 2;

    // google.protobuf.Duration
    private const byte Seconds = 1 << 3 | 0;
    private const byte Nanos = 2 << 3 | 0;
    private const int NanosPerTick = 100;

    private const HitFields DefaultFields = HitFields.Text | HitFields.Metadata | HitFields.Passage;

    /// <summary>
    /// Appends the fields of a rag.v1.SearchResponse. False, and nothing was appended: search in the usual way.
    /// </summary>
    /// <param name="call">The search.</param>
    /// <param name="context">The call that it belongs to; null where it has passed the gate and the door already.</param>
    /// <param name="to">The answer.</param>
    public bool TryAnswer(SearchCall call, ServerCallContext? context, WireBuffer to)
    {
        if (!call.IsPlain)
            return false;
        var started = Stopwatch.GetTimestamp();
        if (!directory.TryGet(call.Workspace, out var workspace) || workspace.Partitions.Length != 1
            || workspace.FindSpace("") is not { } space || space.Dimension != call.Dimension)
            return false;
        var group = workspace.RouteUnder(topology.Current).OfBucket(0);
        if (group.Replicas.Length != 1 || shards.LocalFor(group.Replicas[0]) is not { } shard)
            return false;
        var state = states.Of(group.Replicas[0]);
        if (state.Health != ShardHealth.Serving || state.Breaker.State != BreakerState.Closed
            || (context is not null && !IsAllowed(call, context, workspace)) || !state.TryBegin(OperationKind.ShortRead))
            return false;
        LocalSearchAnswer found;
        var start = to.Length;
        try
        {
            var query = new LocalSearchQuery(
                workspace.Uid, workspace.Partitions[0], workspace.SettingsVersion, call.Vector,
                call.K == 0 ? Validation.Limits.DefaultK : call.K, call.RecallTarget, call.Ef, call.Exact,
                call.Fields ?? DefaultFields);
            if (!shard.TrySearch(query, to, out found))
                return false;
        }
        catch (Exception)
        {
            // Nobody expected it: the usual way meets it again, reports it, and fails this search alone.
            to.TruncateTo(start);
            return false;
        }
        finally
        {
            state.End(OperationKind.ShortRead);
        }

        Finish(workspace, found, started, to);
        metrics.AnsweredAtOnce();
        return true;
    }

    private bool IsAllowed(SearchCall call, ServerCallContext context, KnownWorkspace workspace)
    {
        try
        {
            pipeline.Authorize(context, workspace.Name, WorkspaceAction.Search);
            // Where searches wait this one gets its turn in the usual way, and comes here again.
            return call.IsAdmitted = admission.TryEnter();
        }
        catch (RefusedException)
        {
            // The usual way is refused in the same way, and says so.
            return false;
        }
    }

    // Everything behind the hits.
    private static void Finish(KnownWorkspace workspace, in LocalSearchAnswer found, long started, WireBuffer to)
    {
        var timings = to.Begin(Timings);
        Write(to, Total, Stopwatch.GetElapsedTime(started));
        Write(to, Embed, default);
        Write(to, SearchTime, found.Search);
        Write(to, Fetch, found.Fetch);
        Write(to, Merge, default);
        to.End(timings);
        to.Varint(EncoderField, (ulong)Encoder.Client);
        var token = to.Begin(Token);
        ConsistencyToken.WriteTo(to, workspace, workspace.Partitions[0], found.Epoch, found.Sequence);
        to.End(token);
        if (workspace.SettingsVersion != 0)
            to.Varint(SettingsVersion, (ulong)workspace.SettingsVersion);
    }

    private static void Write(WireBuffer to, byte tag, TimeSpan time)
    {
        var start = to.Begin(tag);
        var seconds = time.Ticks / TimeSpan.TicksPerSecond;
        if (seconds != 0)
            to.Varint(Seconds, (ulong)seconds);
        if (time.Ticks % TimeSpan.TicksPerSecond is not 0 and var rest)
            to.Varint(Nanos, (ulong)(rest * NanosPerTick));
        to.End(start);
    }
}
