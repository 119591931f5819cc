using System.Globalization;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics;

namespace Rag.Cli.Bench.Ann;

/// <summary>What a figure was measured on; without it the figure says nothing.</summary>
internal static class BenchMachine
{
    /// <summary>The processor's name, or its architecture where it does not tell.</summary>
    public static string Cpu { get; } = FindCpu();

    /// <summary>Bits of the widest vectors that the runtime uses.</summary>
    public static int VectorBits =>
        Vector512.IsHardwareAccelerated ? 512 : Vector256.IsHardwareAccelerated ? 256 : 128;

    public static string Description => string.Create(CultureInfo.InvariantCulture,
        $"{Cpu}, {Environment.ProcessorCount} cores, {VectorBits}-bit vectors, {RuntimeInformation.FrameworkDescription}, "
        + $"search threads {(ThreadAffinity.IsSupported ? "pinned to cores" : "not pinned")}");

    private static string FindCpu()
    {
        const string key = "model name";
        if (!File.Exists("/proc/cpuinfo"))
            return RuntimeInformation.ProcessArchitecture.ToString();
        var line = File.ReadLines("/proc/cpuinfo")
            .FirstOrDefault(line => line.StartsWith(key, StringComparison.Ordinal));
        return line is null ? RuntimeInformation.ProcessArchitecture.ToString() : line[(line.IndexOf(':') + 1)..].Trim();
    }
}
