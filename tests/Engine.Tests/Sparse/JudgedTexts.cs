using System.Globalization;
using System.Text.Json;

namespace Rag.Engine.Tests.Sparse;

/// <summary>A collection with judged queries from the shared data.</summary>
internal sealed class JudgedTexts
{
    private JudgedTexts(string folder)
    {
        var lines = File.ReadLines(Path.Combine(folder, "corpus.jsonl")).Select(Parse).ToList();
        Ids = [.. lines.Select(line => line.GetProperty("id").GetString()!)];
        Texts = [.. lines.Select(line => line.GetProperty("title").GetString() + " " + line.GetProperty("text").GetString())];
        foreach (var line in File.ReadLines(Path.Combine(folder, "qrels.tsv")).Skip(1).Where(line => line.Length > 0))
        {
            var fields = line.Split('\t');
            if (!Grades.TryGetValue(fields[0], out var grades))
                Grades.Add(fields[0], grades = []);
            grades[fields[1]] = int.Parse(fields[2], CultureInfo.InvariantCulture);
        }

        foreach (var line in File.ReadLines(Path.Combine(folder, "queries.jsonl")).Select(Parse))
        {
            if (Grades.ContainsKey(line.GetProperty("id").GetString()!))
                Queries.Add((line.GetProperty("id").GetString()!, line.GetProperty("text").GetString()!));
        }
    }

    public string[] Ids { get; }

    public string[] Texts { get; }

    public List<(string Id, string Text)> Queries { get; } = [];

    public Dictionary<string, Dictionary<string, int>> Grades { get; } = [];

    /// <summary>The collection, or null where the shared data is absent.</summary>
    public static JudgedTexts? Open(string name) =>
        Rag.Testing.SharedData.Locate("ir", name) is { } folder ? new JudgedTexts(folder) : null;

    /// <summary>nDCG@10 with linear gain.</summary>
    public double NdcgOf(string query, IReadOnlyList<string> ranking)
    {
        var grades = Grades[query];
        var gained = ranking.Take(10).Select((id, i) => Math.Max(0, grades.GetValueOrDefault(id)) / Math.Log2(i + 2)).Sum();
        var ideal = grades.Values.Where(grade => grade > 0).OrderDescending().Take(10)
            .Select((grade, i) => grade / Math.Log2(i + 2)).Sum();
        return ideal > 0 ? gained / ideal : 0;
    }

    private static JsonElement Parse(string line)
    {
        using var document = JsonDocument.Parse(line);
        return document.RootElement.Clone();
    }
}
