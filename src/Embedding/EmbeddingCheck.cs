using System.Diagnostics;
using System.Numerics.Tensors;
using Microsoft.Extensions.Logging;
using Rag.Embedding.Measure;

namespace Rag.Embedding;

/// <summary>
/// Compares CUDA with the CPU on a model's graph with full weights: the same vectors, and texts a second for short (12
/// tokens) and long (200 tokens) texts at several batch sizes.
/// </summary>
public static class EmbeddingCheck
{
    private static readonly int[] Lengths = [12, 200];
    private static readonly int[] CpuBatches = [1, 16];
    private static readonly int[] CudaBatches = [1, 16, 64, 256];

    /// <summary>Runs the comparison.</summary>
    /// <param name="options">The model and, if it is not beside the program, the CUDA library. Provider, graph and batch
    /// sizes are set by the check; it fails where CUDA cannot run.</param>
    /// <param name="texts">Texts to compare, at least 1; they are of every length up to the model's limit.</param>
    /// <param name="each">Time for each speed; zero leaves speeds out.</param>
    /// <param name="loggers">For the lines that say what runs where.</param>
    /// <param name="cancellationToken">Stops the check.</param>
    /// <exception cref="ModelFormatException">CUDA cannot run, or the graph with full weights is missing.</exception>
    public static Task<EmbeddingCheckResult> RunAsync(
        EmbedderOptions options, int texts, TimeSpan each, ILoggerFactory loggers, CancellationToken cancellationToken) =>
        RunAsync(options, ExecutionProvider.Cuda, texts, each, loggers, cancellationToken);

    internal static async Task<EmbeddingCheckResult> RunAsync(
        EmbedderOptions options, ExecutionProvider second, int texts, TimeSpan each, ILoggerFactory loggers,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(texts, 1);
        var cpu = await EncodeAsync(ExecutionProvider.Cpu).ConfigureAwait(false);
        var cuda = await EncodeAsync(second).ConfigureAwait(false);
        var (maxDifference, minCosine) = Compare(cpu.Vectors, cuda.Vectors, cpu.Model.Dimension);
        var speeds = new List<ModelSpeed>();
        if (each > TimeSpan.Zero)
        {
            foreach (var provider in new[] { ExecutionProvider.Cpu, second })
            {
                foreach (var batch in provider == ExecutionProvider.Cpu ? CpuBatches : CudaBatches)
                    await MeasureAsync(provider, batch).ConfigureAwait(false);
            }
        }

        return new EmbeddingCheckResult
        {
            Model = cpu.Model,
            Providers = [cpu.Provider, cuda.Provider],
            Texts = texts,
            MaxDifference = maxDifference,
            MinCosine = minCosine,
            Speeds = speeds,
        };

        async Task<(ModelInfo Model, string Provider, float[] Vectors)> EncodeAsync(ExecutionProvider provider)
        {
            var embedder = Load(provider, 16);
            await using (embedder.ConfigureAwait(false))
            {
                var model = embedder.Model;
                var all = Enumerable.Range(0, texts)
                    .SelectMany(i => SampleTexts.Make(embedder.Tokenizer, 1, 3 + (i * 37 % (model.MaxTokens - 2))))
                    .ToArray();
                var vectors = new float[texts * model.Dimension];
                await embedder.EncodePassagesAsync(all, EncoderKind.Full, vectors, cancellationToken).ConfigureAwait(false);
                return (model, embedder.Provider!, vectors);
            }
        }

        async Task MeasureAsync(ExecutionProvider provider, int batch)
        {
            var embedder = Load(provider, batch);
            await using (embedder.ConfigureAwait(false))
            {
                foreach (var length in Lengths)
                {
                    var sample = SampleTexts.Make(embedder.Tokenizer, Math.Max(64, batch * 4), length);
                    speeds.Add(await TimeAsync(embedder, sample, length, batch).ConfigureAwait(false));
                }
            }
        }

        async Task<ModelSpeed> TimeAsync(Embedder embedder, string[] sample, int length, int batch)
        {
            var vectors = new float[sample.Length * embedder.Model.Dimension];
            // The first run allocates and picks kernels.
            await embedder.EncodePassagesAsync(sample, EncoderKind.Full, vectors, cancellationToken).ConfigureAwait(false);
            long done = 0;
            var watch = Stopwatch.StartNew();
            for (; watch.Elapsed < each; done += sample.Length)
            {
                await embedder.EncodePassagesAsync(sample, EncoderKind.Full, vectors, cancellationToken)
                    .ConfigureAwait(false);
            }

            return new ModelSpeed($"{embedder.Provider}, batches of {batch}", length, done, watch.Elapsed);
        }

        Embedder Load(ExecutionProvider provider, int batch) => Embedder.Load(
            options with
            {
                ExecutionProvider = provider,
                Graph = ModelGraph.FullWeights,
                MaxBatchTexts = batch,
                MaxBatchTokens = 1 << 20,
                QueryCacheBytes = 0,
            },
            loggers);
    }

    private static (double MaxDifference, double MinCosine) Compare(float[] a, float[] b, int dimension)
    {
        var difference = new float[a.Length];
        TensorPrimitives.Subtract(a, b, difference);
        var minCosine = 1d;
        for (var row = 0; row < a.Length; row += dimension)
        {
            minCosine = Math.Min(
                minCosine, TensorPrimitives.CosineSimilarity<float>(a.AsSpan(row, dimension), b.AsSpan(row, dimension)));
        }

        return (Math.Abs(TensorPrimitives.MaxMagnitude<float>(difference)), minCosine);
    }
}
