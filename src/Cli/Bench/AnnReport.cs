using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rag.Cli.Bench;

/// <summary>What was measured; the JSON keys are the names below in snake case.</summary>
public sealed record AnnReport
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>Vectors indexed.</summary>
    public required int N { get; init; }

    /// <summary>Components of a vector.</summary>
    public required int Dim { get; init; }

    /// <summary>ip, l2 or cosine.</summary>
    public required string Metric { get; init; }

    /// <summary>Hits asked for.</summary>
    public required int K { get; init; }

    /// <summary>Search threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Seconds from the first vector to the last link.</summary>
    public required double BuildSeconds { get; init; }

    /// <summary>Memory of codes and graph, without full vectors, which a server maps from disk.</summary>
    public required double BytesResidentPerVector { get; init; }

    /// <summary>Codes, graph and full vectors on disk.</summary>
    public required double BytesDiskPerVector { get; init; }

    /// <summary>A result for each target, in the order asked.</summary>
    public required IReadOnlyList<AnnResult> Results { get; init; }

    /// <summary>The report as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);

    /// <summary>The report for people.</summary>
    public void WriteTable(TextWriter output)
    {
        output.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{N:N0} × {Dim}, {Metric}, k = {K}, {Threads} search thread(s): built in {BuildSeconds:0.0} s, "
            + $"{BytesResidentPerVector:0} bytes a vector in memory, {BytesDiskPerVector:0} on disk"));
        output.WriteLine("  target   recall   queries/s   effort");
        foreach (var result in Results)
        {
            output.WriteLine(result.Qps is { } qps
                ? string.Create(CultureInfo.InvariantCulture,
                    $"  {result.Target,6:0.000}   {result.Recall,6:0.0000}   {qps,9:N0}   {result.Effort,6}")
                : string.Create(CultureInfo.InvariantCulture,
                    $"  {result.Target,6:0.000}   {result.Recall,6:0.0000}   not reached at effort {result.Effort}"));
        }
    }
}

/// <summary>One recall target: the smallest effort that reaches it and the speed there.</summary>
/// <param name="Target">Recall asked for.</param>
/// <param name="Recall">Recall reached.</param>
/// <param name="Qps">Queries a second over all threads; null if the target was not reached.</param>
/// <param name="Effort">Size of the candidate pool.</param>
public sealed record AnnResult(double Target, double Recall, double? Qps, int Effort);
