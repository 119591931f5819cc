using Microsoft.Extensions.Logging;
using Rag.Embedding;

namespace Rag.Benchmarks;

/// <summary>
/// Prints how CUDA compares with the CPU on a model's graph with full weights. Publish self-contained to run it where no
/// SDK is: <c>dotnet publish bench -c Release -r linux-x64 --self-contained</c>.
/// </summary>
internal static class EmbeddingCheckReport
{
    private const int Texts = 200;
    private const double Tolerance = 1e-3;

    /// <summary>Runs and prints the check; 0 if the vectors agree, 1 if they do not, 2 if CUDA cannot run.</summary>
    public static async Task<int> RunAsync(string modelFolder, string? cudaLibrary)
    {
        using var loggers = LoggerFactory.Create(builder => builder.AddSimpleConsole(console => console.SingleLine = true));
        var options = new EmbedderOptions { ModelFolder = modelFolder, CudaLibrary = cudaLibrary };
        try
        {
            var result = await EmbeddingCheck.RunAsync(
                options, Texts, TimeSpan.FromSeconds(3), loggers, CancellationToken.None);
            Console.WriteLine($"{result.Model.Name}: {string.Join(" against ", result.Providers)}, {result.Texts} texts");
            Console.WriteLine($"largest difference {result.MaxDifference:E2}, smallest cosine {result.MinCosine:F7}");
            foreach (var speed in result.Speeds)
            {
                Console.WriteLine(
                    $"{speed.What,-40} {speed.TokensEach,4} tokens  {speed.TextsPerSecond,10:F0} texts/s "
                    + $"{speed.TokensPerSecond,12:F0} tokens/s");
            }

            return result.MaxDifference <= Tolerance ? 0 : 1;
        }
        catch (ModelFormatException error)
        {
            Console.Error.WriteLine(error.Message);
            return 2;
        }
    }
}
