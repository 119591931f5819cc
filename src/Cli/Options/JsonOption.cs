using System.CommandLine;

namespace Rag.Cli.Options;

internal static class JsonOption
{
    public static Option<bool> Create(string description = "Print one JSON object a line.") =>
        new("--json") { Description = description };
}
