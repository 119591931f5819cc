using System.Text.Json;

namespace Rag.Cli.Bench;

/// <summary>How reports are written as JSON: one line, names in snake case.</summary>
internal static class BenchJson
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
    };

    public static string Write<T>(T report) => JsonSerializer.Serialize(report, Options);
}
