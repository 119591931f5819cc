using System.CommandLine;

namespace Rag.Cli.Options;

internal static class DataOption
{
    public static Option<string?> Create(string what = "Data folder. Default: RAG_DATA, else .rag/data of the checkout.") =>
        new("--data", "-d") { Description = what, HelpName = "FOLDER" };
}
