namespace Rag.Load.Data;

/// <summary>
/// Chooses workspaces: all alike, or by a Zipf law, under which the one of rank r is chosen in proportion to r^−s. Ranks are
/// dealt out over the workspaces by the seed, so that popular ones do not lie together. Thread-safe.
/// </summary>
internal sealed class WorkspacePicker
{
    private readonly int[] _byRank;
    private readonly double[]? _cumulative;

    public WorkspacePicker(int first, int count, double exponent, int seed)
    {
        _byRank = [.. Enumerable.Range(first, count)];
        if (exponent <= 0)
            return;
        new Random(seed).Shuffle(_byRank);
        _cumulative = new double[count];
        var sum = 0.0;
        for (var rank = 0; rank < count; rank++)
            _cumulative[rank] = sum += Math.Pow(rank + 1, -exponent);
        for (var rank = 0; rank < count; rank++)
            _cumulative[rank] /= sum;
    }

    public int Pick(Random random)
    {
        if (_cumulative is null)
            return _byRank[random.Next(_byRank.Length)];
        var found = Array.BinarySearch(_cumulative, random.NextDouble());
        return _byRank[Math.Min(found < 0 ? ~found : found, _byRank.Length - 1)];
    }
}
