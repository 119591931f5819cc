namespace Rag.Engine.Indexing;

/// <summary>
/// Gathers what pool sizes find on samples, until it is a table. Once enough samples tell where the curve lies, only the
/// pool sizes that matter are tried. Old samples fade, so that it follows the data. One thread.
/// </summary>
internal sealed class RecallLadder
{
    private const float EnoughRecall = 0.998f;

    /// <summary>Recall below which nobody asks.</summary>
    private const float LeastRecall = 0.8f;

    /// <summary>Samples after which sizes are left out.</summary>
    private const int FocusAfter = 64;

    /// <summary>Samples that count: 7,000 neighbours tell a recall of .95 to less than half a hundredth.</summary>
    private const double Window = 700;

    private static readonly int[] Efs =
        [10, 14, 20, 28, 40, 56, 80, 112, 160, 224, 320, 448, 640, 896, 1280, 1792, 2560];

    private readonly double[] _found = new double[Efs.Length];
    private readonly double[] _wanted = new double[Efs.Length];

    /// <summary>Samples so far.</summary>
    public int Samples { get; private set; }

    /// <summary>Adds a sample of which <paramref name="search"/> says how many of the <paramref name="wanted"/> rows a
    /// pool finds.</summary>
    public void Add(int wanted, Func<int, int> search)
    {
        if (wanted == 0)
            return;
        Samples++;
        var found = 0;
        for (var level = 0; level < Efs.Length; level++)
        {
            if (Samples > FocusAfter && (IsEnough(level - 1) || IsTooLittle(level + 1)))
                continue;
            // What finds all does so with a larger pool, too.
            if (found < wanted)
                found = search(Efs[level]);
            Fade(level, wanted);
            _found[level] += found;
            _wanted[level] += wanted;
        }
    }

    /// <summary>The table of an index with so many rows; null without a sample.</summary>
    public RecallTable? ToTable(int rows)
    {
        if (Samples == 0)
            return null;
        var count = 1;
        while (count < Efs.Length && !IsEnough(count - 1))
            count++;
        return new RecallTable(Efs[..count], [.. Enumerable.Range(0, count).Select(Recall)], rows);
    }

    private void Fade(int level, int wanted)
    {
        if (_wanted[level] < Window * wanted)
            return;
        _found[level] *= 1 - 1 / Window;
        _wanted[level] *= 1 - 1 / Window;
    }

    private float Recall(int level) => (float)(_found[level] / Math.Max(1, _wanted[level]));

    private bool IsEnough(int level) => level >= 0 && Recall(level) >= EnoughRecall;

    private bool IsTooLittle(int level) => level < Efs.Length && Recall(level) < LeastRecall;
}
