using System.Text;

namespace Rag.Cli.Bench.Refine;

/// <summary>Texts of made-up sentences: the same number and seed always give the same text.</summary>
internal static class RefineTexts
{
    private static readonly string[] Words =
    [
        "the", "of", "a", "to", "search", "engine", "index", "vector", "storage", "memory", "snapshot", "replica", "log",
        "query", "document", "cluster", "customer", "invoice", "travel", "cost", "policy", "holiday", "garden", "river",
        "mountain", "protein", "cell", "energy", "market", "price", "history", "music", "school", "teacher", "doctor",
        "patient", "treatment", "software", "network", "machine", "learning", "weather", "climate", "ocean", "planet",
        "is", "was", "measured", "improves", "depends", "explains", "requires", "contains", "between", "during", "after",
    ];

    public static string Make(int seed, long number, int words)
    {
        // HashCode would be another one in each process.
        var random = new Random((int)(((ulong)seed * 1_000_003 + (ulong)number) * 0x9E3779B97F4A7C15 >> 33));
        var text = new StringBuilder();
        for (var i = 0; i < words; i++)
            text.Append(i == 0 ? "" : " ").Append(Words[random.Next(Words.Length)]);
        return text.Append(' ').Append(number).ToString();
    }
}
