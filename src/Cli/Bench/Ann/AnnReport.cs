using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Rag.Cli.Bench.Ann.Filtered;

namespace Rag.Cli.Bench.Ann;

/// <summary>What was measured; the JSON keys are the names below in snake case.</summary>
internal sealed record AnnReport
{
    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.Never,
    };

    /// <summary>The processor's name.</summary>
    public required string Cpu { get; init; }

    /// <summary>Cores that the process may use.</summary>
    public required int Cores { get; init; }

    /// <summary>Bits of the widest vectors that our code uses.</summary>
    public required int VectorBits { get; init; }

    /// <summary>Whether search threads were tied to cores.</summary>
    public required bool Pinned { get; init; }

    /// <summary>Vectors indexed.</summary>
    public required int N { get; init; }

    /// <summary>Components of a vector.</summary>
    public required int Dim { get; init; }

    /// <summary>ip, l2 or cosine.</summary>
    public required string Metric { get; init; }

    /// <summary>Form in which our index traverses vectors.</summary>
    public required string Codec { get; init; }

    /// <summary>Hits asked for.</summary>
    public required int K { get; init; }

    /// <summary>Search threads.</summary>
    public required int Threads { get; init; }

    /// <summary>Threads that built.</summary>
    public required int BuildThreads { get; init; }

    /// <summary>Seconds from the first vector to the last link.</summary>
    public required double BuildSeconds { get; init; }

    /// <summary>Vectors a second while it was built.</summary>
    public required double InsertRate { get; init; }

    /// <summary>Memory of codes and graph, without full vectors, which are mapped from disk.</summary>
    public required double BytesResidentPerVector { get; init; }

    /// <summary>Codes, graph and full vectors on disk.</summary>
    public required double BytesDiskPerVector { get; init; }

    /// <summary>A result for each target, in the order asked.</summary>
    public required IReadOnlyList<AnnResult> Results { get; init; }

    /// <summary>What further threads gain at each target; empty where one thread searches.</summary>
    public required IReadOnlyList<AnnScaling> Scaling { get; init; }

    /// <summary>Other libraries in the same run, in the order asked.</summary>
    public required IReadOnlyList<AnnPeerReport> Peers { get; init; }

    /// <summary>Searches by recall target, in the order asked; empty where none was asked for.</summary>
    public IReadOnlyList<TargetResult> RecallTargets { get; init; } = [];

    /// <summary>Searches behind filters, by kind and share; empty where none was asked for.</summary>
    public IReadOnlyList<FilteredResult> Filters { get; init; } = [];

    /// <summary>Data and question in a line.</summary>
    [JsonIgnore]
    public string Title => string.Create(CultureInfo.InvariantCulture,
        $"{N:N0} × {Dim}, {Metric}, k = {K}, {Threads} search {(Threads == 1 ? "thread" : "threads")}; rag with {Codec}");

    /// <summary>The report as one line of JSON.</summary>
    public string ToJson() => JsonSerializer.Serialize(this, Json);
}

/// <summary>One recall target: the smallest effort that reaches it and the speed there.</summary>
/// <param name="Target">Recall asked for.</param>
/// <param name="Recall">Recall reached.</param>
/// <param name="Qps">Queries a second over all threads, the median of the passes; null if it was not reached.</param>
/// <param name="Effort">Size of the candidate pool.</param>
internal sealed record AnnResult(double Target, double Recall, double? Qps, int Effort);

/// <summary>What further threads gain, measured in the same run.</summary>
/// <param name="Target">Recall target.</param>
/// <param name="OneThreadQps">Queries a second of one thread.</param>
/// <param name="Gain">Queries a second of all threads as a multiple of that.</param>
internal sealed record AnnScaling(double Target, double OneThreadQps, double Gain);

/// <summary>Another library in the same run.</summary>
/// <param name="Name">hnswlib, faiss-hnsw, faiss-hnsw-sq8, usearch or zvec.</param>
/// <param name="BuildSeconds">Seconds that its build took; null if it did not come to an end.</param>
/// <param name="Results">A result for each target; empty if it failed.</param>
/// <param name="Scaling">What further threads gain; empty where one thread searches.</param>
/// <param name="Error">Why it has no results; null if it has.</param>
internal sealed record AnnPeerReport(
    string Name, double? BuildSeconds, IReadOnlyList<AnnResult> Results, IReadOnlyList<AnnScaling> Scaling, string? Error);
