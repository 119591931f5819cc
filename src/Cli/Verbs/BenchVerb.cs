using System.CommandLine;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag bench ann|churn|start|embed|refine</c>: figures of this machine.</summary>
internal static class BenchVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "bench", "Measure speed on this machine.",
        "rag bench ann --base base.fbin --queries queries.fbin --metric cosine",
        "rag bench churn --base base.fbin --queries queries.fbin --metric cosine",
        "rag bench start --vectors 100000",
        "rag bench embed --seconds 5",
        "rag bench refine --windows 7")
    {
        BenchAnnVerb.Create(terminal), BenchChurnVerb.Create(terminal), BenchStartVerb.Create(terminal),
        BenchEmbedVerb.Create(terminal), BenchRefineVerb.Create(terminal),
    };
}
