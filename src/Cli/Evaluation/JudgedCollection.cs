using System.Globalization;
using System.Text.Json;

namespace Rag.Cli.Evaluation;

internal sealed record JudgedDocument(string Id, string Title, string Text)
{
    /// <summary>What is indexed.</summary>
    public string Passage => Title + " " + Text;
}

internal sealed record JudgedQuery(string Id, string Text, IReadOnlyDictionary<string, int> Grades);

/// <summary>
/// A folder with documents, queries and judgements: <c>corpus.jsonl</c> {"id","title","text"}, <c>queries.jsonl</c>
/// {"id","text"} and <c>qrels.tsv</c> (query id, document id, grade; one heading line). Queries without a judgement
/// are left out.
/// </summary>
internal sealed class JudgedCollection
{
    private readonly string _folder;

    private JudgedCollection(string folder, IReadOnlyList<JudgedQuery> queries)
    {
        _folder = folder;
        Queries = queries;
    }

    /// <summary>The folder's own name.</summary>
    public string Name => new DirectoryInfo(_folder).Name;

    /// <summary>In the file's order.</summary>
    public IReadOnlyList<JudgedQuery> Queries { get; }

    /// <exception cref="CliException">A file is missing or malformed.</exception>
    public static JudgedCollection Open(string folder)
    {
        foreach (var file in new[] { "corpus.jsonl", "queries.jsonl", "qrels.tsv" })
        {
            if (!File.Exists(Path.Combine(folder, file)))
                throw new CliException($"{folder} has no {file}: a collection is corpus.jsonl, queries.jsonl and qrels.tsv.");
        }

        var grades = ReadGrades(Path.Combine(folder, "qrels.tsv"));
        var queries = new List<JudgedQuery>();
        foreach (var (id, query) in ReadLines(Path.Combine(folder, "queries.jsonl")))
        {
            if (grades.TryGetValue(id, out var judged))
                queries.Add(new JudgedQuery(id, Text(query, "text"), judged));
        }

        if (queries.Count == 0)
            throw new CliException($"No query of {folder} has a judgement: check the query ids in qrels.tsv.");
        return new JudgedCollection(folder, queries);
    }

    /// <summary>The documents, read as they are asked for.</summary>
    public IEnumerable<JudgedDocument> ReadDocuments()
    {
        foreach (var (id, document) in ReadLines(Path.Combine(_folder, "corpus.jsonl")))
            yield return new JudgedDocument(id, Text(document, "title"), Text(document, "text"));
    }

    private static Dictionary<string, Dictionary<string, int>> ReadGrades(string path)
    {
        var grades = new Dictionary<string, Dictionary<string, int>>(StringComparer.Ordinal);
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            if (++number == 1 || line.Length == 0)
                continue;
            var fields = line.Split('\t');
            if (fields.Length < 3 || !int.TryParse(fields[2], CultureInfo.InvariantCulture, out var grade))
                throw new CliException($"{path}:{number}: expected query id, document id and grade, split by tabs.");
            if (!grades.TryGetValue(fields[0], out var ofQuery))
                grades.Add(fields[0], ofQuery = new Dictionary<string, int>(StringComparer.Ordinal));
            ofQuery[fields[1]] = grade;
        }

        return grades;
    }

    private static IEnumerable<(string Id, JsonElement Fields)> ReadLines(string path)
    {
        var number = 0;
        foreach (var line in File.ReadLines(path))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            JsonElement fields;
            try
            {
                using var document = JsonDocument.Parse(line);
                fields = document.RootElement.Clone();
            }
            catch (JsonException broken)
            {
                throw new CliException($"{path}:{number}: not JSON: {broken.Message}");
            }

            var id = fields.ValueKind == JsonValueKind.Object ? Text(fields, "id") : "";
            if (id.Length == 0)
                throw new CliException($"{path}:{number}: expected an object with an \"id\".");
            yield return (id, fields);
        }
    }

    private static string Text(JsonElement fields, string name)
    {
        if (!fields.TryGetProperty(name, out var value))
            return "";
        return value.ValueKind switch
        {
            JsonValueKind.String => value.GetString()!,
            JsonValueKind.Number => value.GetRawText(),
            _ => "",
        };
    }
}
