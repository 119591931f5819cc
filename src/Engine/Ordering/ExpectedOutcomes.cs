using Rag.Engine.Mutations;
using Rag.Engine.Storage;

namespace Rag.Engine;

/// <summary>
/// Outcomes of mutations that came back from an order, for the callers that wait for them; those that nobody waits for
/// are not kept. Thread-safe.
/// </summary>
internal sealed class ExpectedOutcomes
{
    private readonly Lock _lock = new();
    private readonly Dictionary<(SliceId Slice, Guid Id), Expected> _expected = [];

    /// <summary>From now on the outcome is kept, until <see cref="Forget"/> was called as often as this.</summary>
    public void Expect(SliceId slice, Guid id)
    {
        lock (_lock)
        {
            if (!_expected.TryGetValue((slice, id), out var expected))
                _expected[(slice, id)] = expected = new Expected();
            expected.Waiting++;
        }
    }

    public void Note(SliceId slice, Guid id, MutationOutcome outcome)
    {
        lock (_lock)
        {
            if (_expected.TryGetValue((slice, id), out var expected))
                expected.Outcome ??= outcome;
        }
    }

    public MutationOutcome? Find(SliceId slice, Guid id)
    {
        lock (_lock)
            return _expected.GetValueOrDefault((slice, id))?.Outcome;
    }

    public void Forget(SliceId slice, Guid id)
    {
        lock (_lock)
        {
            if (_expected.TryGetValue((slice, id), out var expected) && --expected.Waiting == 0)
                _expected.Remove((slice, id));
        }
    }

    private sealed class Expected
    {
        public int Waiting;
        public MutationOutcome? Outcome;
    }
}
