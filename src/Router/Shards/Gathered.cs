using System.Collections.Immutable;
using System.Runtime.ExceptionServices;
using Rag.Router.Workspaces;

namespace Rag.Router.Shards;

/// <summary>What the shards of one call answered. Filled by several threads, read when all are done.</summary>
internal sealed class Gathered<TResponse>(bool allowMissing)
{
    private readonly Lock _lock = new();
    private readonly List<ShardAnswer<TResponse>> _answers = [];
    private List<int>? _missing;
    private Exception? _failure;

    public bool AllowMissing => allowMissing;

    /// <summary>In no order.</summary>
    public IReadOnlyList<ShardAnswer<TResponse>> Answers => _answers;

    /// <summary>Partitions that did not answer, ascending.</summary>
    public IReadOnlyList<int> Missing
    {
        get
        {
            _missing?.Sort();
            return _missing is null ? [] : _missing;
        }
    }

    public void Add(ShardAnswer<TResponse> answer)
    {
        lock (_lock)
            _answers.Add(answer);
    }

    public void Miss(ImmutableArray<int> partitions)
    {
        lock (_lock)
            (_missing ??= []).AddRange(partitions);
    }

    /// <summary>
    /// Keeps the first failure, which is the cause of the others; but a workspace that was made anew comes before all.
    /// </summary>
    public void Fail(Exception error)
    {
        lock (_lock)
        {
            if (_failure is null || (error is WorkspaceReplacedException && _failure is not WorkspaceReplacedException))
                _failure = error;
        }
    }

    public void ThrowIfFailed()
    {
        if (_failure is not null)
            ExceptionDispatchInfo.Throw(_failure);
    }
}

/// <summary>One shard's answer.</summary>
internal readonly record struct ShardAnswer<TResponse>(ShardGroup Group, TResponse Response);
