using Microsoft.ML.OnnxRuntime;

namespace Rag.Embedding.Full;

/// <summary>
/// ONNX Runtime's CUDA provider, a plugin library beside the native CPU library. It is registered once a process and
/// stays so.
/// </summary>
internal static class CudaProvider
{
    private const string RegistrationName = "cuda";
    private const string LibraryName = "libonnxruntime_providers_cuda.so";
    private const string WindowsLibraryName = "onnxruntime_providers_cuda.dll";

    private static readonly Lock Gate = new();
    private static string? _registered;

    /// <summary>The library that options name, or the one beside the program, or null.</summary>
    public static string? FindLibrary(string? named)
    {
        if (named is not null)
            return Path.GetFullPath(named);
        var name = OperatingSystem.IsWindows() ? WindowsLibraryName : LibraryName;
        string[] places =
        [
            Path.Combine(AppContext.BaseDirectory, name),
            Path.Combine(OnnxLibrary.CudaFolder, name),
        ];
        return places.FirstOrDefault(File.Exists);
    }

    /// <summary>Registers the library and lists its devices.</summary>
    /// <exception cref="OnnxRuntimeException">The library or what it needs cannot be loaded.</exception>
    public static IReadOnlyList<OrtEpDevice> Devices(string library)
    {
        var environment = OrtEnv.Instance();
        lock (Gate)
        {
            if (_registered is null)
            {
                environment.RegisterExecutionProviderLibrary(RegistrationName, library);
                _registered = library;
            }
        }

        return [.. environment.GetEpDevices()
            .Where(device => device.EpName.Contains("CUDA", StringComparison.OrdinalIgnoreCase)
                || device.EpName.Equals(RegistrationName, StringComparison.OrdinalIgnoreCase))
            .Where(device => device.HardwareDevice.Type == OrtHardwareDeviceType.GPU)];
    }
}
