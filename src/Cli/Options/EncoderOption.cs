using System.CommandLine;
using Rag.V1;

namespace Rag.Cli.Options;

internal static class EncoderOption
{
    /// <summary><c>--encoder full|lookup</c>.</summary>
    public static Option<Encoder> Create(string description, Encoder otherwise) => new("--encoder")
    {
        Description = description,
        HelpName = "full|lookup",
        DefaultValueFactory = _ => otherwise,
        CustomParser = result => result.Tokens[0].Value.ToLowerInvariant() switch
        {
            "full" => Encoder.Full,
            "lookup" => Encoder.Lookup,
            var other => Fail(result, other),
        },
    };

    private static Encoder Fail(System.CommandLine.Parsing.ArgumentResult result, string value)
    {
        result.AddError($"'{value}' is no encoder: choose full or lookup.");
        return Encoder.Unspecified;
    }
}
