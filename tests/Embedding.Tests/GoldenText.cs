using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rag.Embedding.Tests;

/// <summary>A text with what the model must make of it.</summary>
internal sealed record GoldenText
{
    [JsonPropertyName("text")]
    public required string Text { get; init; }

    /// <summary>Whole input: [CLS], tokens, [SEP], uncut.</summary>
    [JsonPropertyName("ids")]
    public required int[] Ids { get; init; }

    /// <summary>By the full weights.</summary>
    [JsonPropertyName("vector")]
    public required float[] Vector { get; init; }

    [JsonPropertyName("lookup")]
    public required float[] Lookup { get; init; }

    public static List<GoldenText> Read(string path) =>
        [.. File.ReadLines(path).Where(line => line.Length > 0)
            .Select(line => JsonSerializer.Deserialize<GoldenText>(line)!)];
}
