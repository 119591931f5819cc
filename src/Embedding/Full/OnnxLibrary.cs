using System.Reflection;
using System.Runtime.InteropServices;
using Microsoft.ML.OnnxRuntime;

namespace Rag.Embedding.Full;

/// <summary>
/// Chooses ONNX Runtime's native core before its first use. The one beside the program has no CUDA compiled in; a
/// folder <c>cuda</c> beside it (made by <c>./rag cuda</c>) holds one of the same release that has, with the provider.
/// </summary>
/// <remarks>
/// A provider library on a core without CUDA loads, and then fails in the first operator with a segmentation fault: the
/// tables of helpers that core and provider share are laid out differently. <see cref="HasCuda"/> keeps them apart.
/// </remarks>
internal static class OnnxLibrary
{
    private const string ImportName = "onnxruntime";
    private const string CudaProviderName = "CUDAExecutionProvider";

    private static readonly Lock Gate = new();
    private static bool _prepared;

    /// <summary>The folder beside the program for what CUDA needs.</summary>
    public static string CudaFolder { get; } = Path.Combine(AppContext.BaseDirectory, "cuda");

    /// <summary>Whether the core in use has CUDA compiled in.</summary>
    public static bool HasCuda => OrtEnv.Instance().GetAvailableProviders().Contains(CudaProviderName);

    /// <summary>Must come before anything else of ONNX Runtime; later calls do nothing.</summary>
    public static void Prepare()
    {
        lock (Gate)
        {
            if (!_prepared)
                NativeLibrary.SetDllImportResolver(typeof(OrtEnv).Assembly, Resolve);
            _prepared = true;
        }
    }

    private static nint Resolve(string name, Assembly assembly, DllImportSearchPath? path)
    {
        var file = OperatingSystem.IsWindows() ? "onnxruntime.dll" : "libonnxruntime.so";
        return name == ImportName && NativeLibrary.TryLoad(Path.Combine(CudaFolder, file), out var core)
            ? core
            : NativeLibrary.Load(name, assembly, path);
    }
}
