using System.CommandLine;
using Rag.V1;

namespace Rag.Cli.Options;

internal static class EncoderOption
{
    /// <summary><c>--encoder full|lookup</c>.</summary>
    public static Option<Encoder> Create(string description, Encoder otherwise)
    {
        var option = new Option<Encoder>("--encoder")
        {
            Description = description,
            HelpName = "full|lookup",
            CustomParser = result => result.Tokens[0].Value.ToLowerInvariant() switch
            {
                "full" => Encoder.Full,
                "lookup" => Encoder.Lookup,
                var other => Fail(result, other),
            },
        };
        if (otherwise != Encoder.Unspecified)
            option.DefaultValueFactory = _ => otherwise;
        return option;
    }

    private static Encoder Fail(System.CommandLine.Parsing.ArgumentResult result, string value)
    {
        result.AddError($"'{value}' is no encoder: choose full or lookup.");
        return Encoder.Unspecified;
    }
}
