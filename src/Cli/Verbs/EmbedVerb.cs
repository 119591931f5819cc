using System.CommandLine;
using Rag.Cli.Bench;
using Rag.Cli.Embedding;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag embed</c>: texts from standard input to vectors.</summary>
internal static class EmbedVerb
{
    private const int BatchTexts = 256;

    public static Command Create(Terminal terminal)
    {
        var connection = new ConnectionOptions();
        var encoder = EncoderOption.Create("Which encoder.", Encoder.Full);
        var model = new Option<string>("--model") { Description = "The model.", DefaultValueFactory = _ => "" };
        var query = new Option<bool>("--query") { Description = "Embed as queries, where the model tells them from passages." };
        var fbin = new Option<string?>("--fbin")
        {
            Description = "Write the vectors to a file that rag bench ann reads, and nothing to standard output.",
            HelpName = "FILE",
        };
        var json = JsonOption.Create("Print one JSON object a line (there is no other form).");

        var verb = new Verb(
            "embed", "Embed texts from standard input, a line each or a JSON string each: ids and vector of each.",
            "echo 'what is an error budget?' | rag embed",
            "rag embed --encoder lookup --json < texts.txt > vectors.jsonl",
            "rag embed --encoder lookup --fbin base.fbin < texts.txt")
        {
            encoder, model, query, fbin, json,
        };
        connection.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            await using var embedding = TextEmbedding.Open(
                connection.Address(parsed), connection.Data(parsed), parsed.GetValue(model)!);
            using var file = parsed.GetValue(fbin) is { } path ? new FbinWriter(path) : null;
            foreach (var texts in InputLines.ReadTexts(terminal.In).Chunk(BatchTexts))
            {
                stop.ThrowIfCancellationRequested();
                var embedded = await embedding.EmbedAsync(texts, parsed.GetValue(encoder), parsed.GetValue(query), stop);
                foreach (var text in embedded)
                {
                    if (file is null)
                        Write(terminal.Out, text);
                    else
                        file.Add(text.Vector);
                }
            }

            file?.Complete();
            await terminal.Out.FlushAsync(stop);
            return ExitCode.Ok;
        });
        return verb;
    }

    private static void Write(TextWriter output, EmbeddedText text) => JsonLines.Write(output, json =>
    {
        json.WriteStartArray("ids");
        foreach (var id in text.Ids)
            json.WriteNumberValue(id);
        json.WriteEndArray();
        json.WriteStartArray("vector");
        foreach (var component in text.Vector)
            json.WriteNumberValue(component);
        json.WriteEndArray();
    });
}
