using Rag.Engine.Indexing;

namespace Rag.Cli.Bench.Ann;

/// <summary>Metrics by their names on the command line, in reports and to peers.</summary>
internal static class MetricName
{
    public static readonly string[] All = ["ip", "l2", "cosine"];

    public static string Of(Metric metric) => metric switch
    {
        Metric.InnerProduct => "ip",
        Metric.L2 => "l2",
        _ => "cosine",
    };

    public static Metric Read(string name) => name switch
    {
        "ip" => Metric.InnerProduct,
        "l2" => Metric.L2,
        _ => Metric.Cosine,
    };
}
