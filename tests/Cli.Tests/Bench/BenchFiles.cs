using System.Runtime.InteropServices;

namespace Rag.Cli.Tests.Bench;

/// <summary>Small data files in the format of the benches.</summary>
internal static class BenchFiles
{
    /// <summary>Writes seeded unit vectors as fbin.</summary>
    public static string Write(string path, int count, int dimension, int seed)
    {
        var random = new Random(seed);
        using var file = File.Create(path);
        file.Write(MemoryMarshal.AsBytes([count, dimension]));
        for (var i = 0; i < count; i++)
        {
            var vector = new float[dimension];
            for (var j = 0; j < dimension; j++)
                vector[j] = random.NextSingle() - 0.5f;
            var norm = MathF.Sqrt(vector.Sum(value => value * value));
            file.Write(MemoryMarshal.AsBytes(vector.Select(value => value / norm).ToArray().AsSpan()));
        }

        return path;
    }
}
