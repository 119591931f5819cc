using System.Globalization;

namespace Rag.Benchmarks.Layers;

/// <summary>What one search costs on one way.</summary>
/// <param name="Name">The way.</param>
/// <param name="PerSecond">Searches a second, with what the measurement keeps under way.</param>
/// <param name="Micros">Processor time of the engine's process, microseconds a search.</param>
/// <param name="CallerMicros">That of the caller's process; null where it is the same one.</param>
/// <param name="Bytes">Bytes that the engine's process allocates for a search.</param>
internal sealed record Layer(string Name, double PerSecond, double Micros, double? CallerMicros, double Bytes);

/// <summary>Prints layers as a table, and what is held against bars.</summary>
internal static class LayerTable
{
    public static void Print(IReadOnlyList<Layer> layers)
    {
        Console.WriteLine("| one search | searches/s | CPU µs | of the caller | bytes allocated |\n| --- | --- | --- | --- | --- |");
        foreach (var layer in layers)
        {
            var caller = layer.CallerMicros is { } micros ? micros.ToString("0.0", CultureInfo.InvariantCulture) : "–";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"| {layer.Name} | {layer.PerSecond:N0} | {layer.Micros:0.0} | {caller} | {layer.Bytes:N0} |"));
        }
    }

    /// <summary>One line for each pair: a share of searches a second, or how many times the processor time.</summary>
    public static void PrintBars(Layer empty, Layer unary, Layer streamed, Layer inProcess)
    {
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"""

            unary, of the same call with an empty answer: {unary.PerSecond / empty.PerSecond:P0} of its calls a second (bar: 75 %)
            streamed, CPU of the same search in process: {streamed.Micros / inProcess.Micros:0.00} times (bar: 1.5)
            unary, CPU of the search in process: {unary.Micros / inProcess.Micros:0.00} times (bar: 2.5)
            streamed, engine and caller together: {streamed.Micros + streamed.CallerMicros:0.0} µs, {2e6 / (streamed.Micros + streamed.CallerMicros):N0} searches/s on two cores
            """));
    }
}
