using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rag.Cli.Bench;

/// <summary>What figures were measured on: those of different machines are not comparable.</summary>
internal static class BenchMachine
{
    /// <summary>The processor's name, or its architecture where it does not tell.</summary>
    public static string Cpu { get; } = FindCpu();

    /// <summary>Bits of the widest vectors that the runtime uses.</summary>
    public static int VectorBits =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    /// <summary>The machine in words.</summary>
    public static string Describe() => string.Create(CultureInfo.InvariantCulture,
        $"{Cpu}, {Environment.ProcessorCount} cores, {VectorBits}-bit vectors, {RuntimeInformation.FrameworkDescription}");

    private static string FindCpu()
    {
        const string key = "model name";
        var line = File.Exists("/proc/cpuinfo")
            ? File.ReadLines("/proc/cpuinfo").FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal))
            : null;
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
