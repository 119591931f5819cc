using System.CommandLine;
using Rag.Cli.Output;

namespace Rag.Cli.Verbs;

/// <summary><c>rag model list|show|test|pull</c>.</summary>
internal static class ModelVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "model", "Look at the embedding models on this machine, try them, and fetch others.",
        "rag model list", "rag model test all-MiniLM-L6-v2", "rag model pull sentence-transformers/all-MiniLM-L12-v2")
    {
        ModelListVerb.Create(terminal),
        ModelShowVerb.Create(terminal),
        ModelTestVerb.Create(terminal),
        ModelPullVerb.Create(terminal),
    };
}
