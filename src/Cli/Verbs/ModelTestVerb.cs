using System.CommandLine;
using System.Globalization;
using System.Numerics.Tensors;
using Microsoft.Extensions.Logging.Abstractions;
using Rag.Cli.Embedding;
using Rag.Cli.Output;
using Rag.Embedding;

namespace Rag.Cli.Verbs;

/// <summary><c>rag model test NAME</c>: does it load, does it make sense, how fast is it here.</summary>
internal static class ModelTestVerb
{
    // Two sentences that say the same and one that does not.
    private const string Statement = "The committee approved the budget for next year.";
    private const string Paraphrase = "Next year's spending plan was accepted by the board.";
    private const string Unrelated = "A cat sleeps on the warm windowsill.";

    private static readonly TimeSpan EachMeasurement = TimeSpan.FromSeconds(1);

    public static Command Create(Terminal terminal)
    {
        var name = new Argument<string>("NAME") { Description = "The model.", DefaultValueFactory = _ => LocalModels.Default };
        var verb = new Verb(
            "test", "Load a model, check that it tells like from unlike, and measure its speed here.",
            "rag model test all-MiniLM-L6-v2")
        {
            name,
        };
        verb.SetAction(async (parsed, stop) =>
        {
            var info = LocalModels.Get(parsed.GetValue(name)!);
            var options = new EmbedderOptions { ModelFolder = info.Folder, ModelName = info.Name };
            terminal.Out.WriteLine(ModelText.Details(info));
            var good = true;
            await using (var embedder = Embedder.Load(options, NullLoggerFactory.Instance))
            {
                foreach (var encoder in info.Encoders)
                    good &= await CheckAsync(embedder, encoder, terminal.Out, stop);
            }

            ModelSpeeds.Write(
                terminal.Out, await ModelTest.RunAsync(options, NullLoggerFactory.Instance, EachMeasurement, stop));
            return good ? ExitCode.Ok : ExitCode.Failure;
        });
        return verb;
    }

    private static async Task<bool> CheckAsync(
        IEmbedder embedder, EncoderKind encoder, TextWriter output, CancellationToken cancellationToken)
    {
        var dimension = embedder.Model.Dimension;
        var vectors = new float[3 * dimension];
        await embedder.EncodePassagesAsync([Statement, Paraphrase, Unrelated], encoder, vectors, cancellationToken);
        var statement = vectors.AsSpan(0, dimension);
        var like = TensorPrimitives.CosineSimilarity<float>(statement, vectors.AsSpan(dimension, dimension));
        var unlike = TensorPrimitives.CosineSimilarity<float>(statement, vectors.AsSpan(2 * dimension, dimension));
        var good = like > unlike && float.IsFinite(like);
        output.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"{encoder.ToString().ToLowerInvariant()}: like {like:0.000}, unlike {unlike:0.000}: {(good ? "good" : "WRONG")}"));
        return good;
    }
}
