using System.CommandLine;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag bench ann|embed</c>: figures of this machine.</summary>
internal static class BenchVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "bench", "Measure speed on this machine.",
        "rag bench ann --base base.fbin --queries queries.fbin --metric cosine",
        "rag bench embed --seconds 5")
    {
        BenchAnnVerb.Create(terminal), BenchEmbedVerb.Create(terminal),
    };
}
