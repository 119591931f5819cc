using System.Diagnostics;
using System.Text;
using Microsoft.Extensions.Logging;
using Rag.Embedding.Measure;
using Rag.Tokenization;

namespace Rag.Embedding;

/// <summary>
/// Measures a model here: tokenizer, lookup encoder on one and two threads, and the transformer with short (12 tokens)
/// and long (200 tokens) texts, by one caller, by many, and in a plain loop, text by text.
/// </summary>
public static class ModelTest
{
    private const int ShortTokens = 12;
    private const int LongTokens = 200;
    private const int Callers = 32;

    /// <summary>Loads a model and measures it; takes about ten times <paramref name="each"/>.</summary>
    /// <param name="options">The model and how it runs; its query cache is not used.</param>
    /// <param name="loggers">For the line that says what runs where.</param>
    /// <param name="each">Time for each measurement, at least 100 ms; 2 s is plenty.</param>
    /// <param name="cancellationToken">Stops the measurement.</param>
    public static async Task<ModelTestResult> RunAsync(
        EmbedderOptions options, ILoggerFactory loggers, TimeSpan each, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentOutOfRangeException.ThrowIfLessThan(each, TimeSpan.FromMilliseconds(100));
        var embedder = Embedder.Load(options with { QueryCacheBytes = 0 }, loggers);
        await using (embedder.ConfigureAwait(false))
        {
            var speeds = new List<ModelSpeed>();
            var longTexts = SampleTexts.Make(embedder.Tokenizer, 64, Math.Min(LongTokens, embedder.Model.MaxTokens));
            speeds.Add(MeasureTokenizer(embedder.Tokenizer, longTexts, each, cancellationToken));
            if (embedder.Model.HasLookup)
            {
                speeds.Add(await MeasureLookupAsync(embedder, longTexts, 1, each, cancellationToken).ConfigureAwait(false));
                speeds.Add(await MeasureLookupAsync(embedder, longTexts, 2, each, cancellationToken).ConfigureAwait(false));
            }

            if (embedder.Model.HasFull)
            {
                var shortTexts = SampleTexts.Make(embedder.Tokenizer, 256, ShortTokens);
                await MeasureFullAsync(embedder, "short", shortTexts, speeds, each, cancellationToken).ConfigureAwait(false);
                await MeasureFullAsync(embedder, "long", longTexts, speeds, each, cancellationToken).ConfigureAwait(false);
            }

            return new ModelTestResult
            {
                Model = embedder.Model,
                Provider = embedder.Provider,
                Processor = ProcessorName(),
                Cores = Environment.ProcessorCount,
                Speeds = speeds,
            };
        }
    }

    private static ModelSpeed MeasureTokenizer(
        ITokenizer tokenizer, string[] texts, TimeSpan each, CancellationToken cancellationToken)
    {
        var tokens = new TokenBuffer();
        var utf8 = texts.Select(Encoding.UTF8.GetBytes).ToArray();
        long done = 0;
        var tokensEach = tokenizer.EncodeWhole(utf8[0], tokens);
        // The first half warms up.
        for (var warm = Stopwatch.StartNew(); warm.Elapsed < each / 2;)
            Round();
        done = 0;
        var watch = Stopwatch.StartNew();
        while (watch.Elapsed < each)
        {
            cancellationToken.ThrowIfCancellationRequested();
            Round();
        }

        return new ModelSpeed("tokenizer, one thread", tokensEach, done, watch.Elapsed);

        void Round()
        {
            foreach (var text in utf8)
                tokenizer.EncodeWhole(text, tokens);
            done += utf8.Length;
        }
    }

    private static async Task<ModelSpeed> MeasureLookupAsync(
        Embedder embedder, string[] texts, int threads, TimeSpan each, CancellationToken cancellationToken)
    {
        var tokensEach = embedder.Tokenizer.CountTokens(texts[0]) + 2;
        await RunAsync(each / 2).ConfigureAwait(false);
        var watch = Stopwatch.StartNew();
        var done = await RunAsync(each).ConfigureAwait(false);
        return new ModelSpeed(
            threads == 1 ? "lookup, one thread" : $"lookup, {threads} threads", tokensEach, done, watch.Elapsed);

        async Task<long> RunAsync(TimeSpan time)
        {
            var until = Stopwatch.StartNew();
            var counts = await Task.WhenAll(Enumerable.Range(0, threads).Select(_ => Task.Run(
                async () =>
                {
                    long count = 0;
                    var vectors = new float[texts.Length * embedder.Model.Dimension];
                    for (; until.Elapsed < time; count += texts.Length)
                    {
                        await embedder.EncodePassagesAsync(texts, EncoderKind.Lookup, vectors, cancellationToken)
                            .ConfigureAwait(false);
                    }

                    return count;
                },
                cancellationToken))).ConfigureAwait(false);
            return counts.Sum();
        }
    }

    private static async Task MeasureFullAsync(
        Embedder embedder, string kind, string[] texts, List<ModelSpeed> speeds, TimeSpan each,
        CancellationToken cancellationToken)
    {
        var dimension = embedder.Model.Dimension;
        var tokensEach = embedder.Tokenizer.CountTokens(texts[0]) + 2;
        await embedder.EncodePassagesAsync(texts[..8], EncoderKind.Full, new float[8 * dimension], cancellationToken)
            .ConfigureAwait(false);

        speeds.Add(await TimeAsync("a plain loop", 1, 1).ConfigureAwait(false));
        speeds.Add(await TimeAsync("one caller with a list", 1, texts.Length).ConfigureAwait(false));
        speeds.Add(await TimeAsync($"{Callers} callers, a text each", Callers, 1).ConfigureAwait(false));

        async Task<ModelSpeed> TimeAsync(string what, int callers, int size)
        {
            var next = 0;
            var watch = Stopwatch.StartNew();
            var counts = await Task.WhenAll(Enumerable.Range(0, callers).Select(_ => CallAsync())).ConfigureAwait(false);
            return new ModelSpeed($"full, {kind} texts, {what}", tokensEach, counts.Sum(), watch.Elapsed);

            async Task<long> CallAsync()
            {
                long count = 0;
                var vectors = new float[size * dimension];
                for (; watch.Elapsed < each; count += size)
                {
                    var from = size == 1 ? Interlocked.Increment(ref next) % texts.Length : 0;
                    await embedder.EncodePassagesAsync(
                        texts[from..(from + size)], EncoderKind.Full, vectors, cancellationToken).ConfigureAwait(false);
                }

                return count;
            }
        }
    }

    private static string ProcessorName()
    {
        const string path = "/proc/cpuinfo";
        var name = File.Exists(path)
            ? File.ReadLines(path).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))
            : null;
        return name is null
            ? System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture.ToString()
            : name[(name.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim();
    }
}
