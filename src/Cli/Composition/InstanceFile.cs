using System.Diagnostics;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rag.Cli.Composition;

/// <summary>Where the engine that has a data folder open can be called.</summary>
/// <param name="Address">Such as http://127.0.0.1:7700.</param>
/// <param name="ProcessId">Of the process that serves.</param>
/// <param name="StartTime">Of that process: a process id alone is used again some day.</param>
internal sealed record Instance(
    [property: JsonPropertyName("address")] string Address,
    [property: JsonPropertyName("pid")] int ProcessId,
    [property: JsonPropertyName("start_time")] DateTimeOffset StartTime);

/// <summary>Writes and reads <c>instance.json</c> of a data folder. A file whose process is gone counts as absent.</summary>
internal sealed class InstanceFile : IDisposable
{
    private const string FileName = "instance.json";

    private readonly string _path;

    private InstanceFile(string path) => _path = path;

    /// <summary>Says that this process serves the folder at an address, until it is disposed.</summary>
    public static InstanceFile Write(DataFolder folder, string address)
    {
        var path = Path.Combine(folder.Path, FileName);
        using var self = Process.GetCurrentProcess();
        var instance = new Instance(address, Environment.ProcessId, self.StartTime.ToUniversalTime());
        var temporary = path + ".new";
        File.WriteAllBytes(temporary, JsonSerializer.SerializeToUtf8Bytes(instance));
        File.Move(temporary, path, overwrite: true);
        return new InstanceFile(path);
    }

    /// <summary>The engine that serves the folder, or null if none does.</summary>
    public static Instance? Find(DataFolder folder)
    {
        Instance? instance;
        try
        {
            var bytes = File.ReadAllBytes(Path.Combine(folder.Path, FileName));
            instance = JsonSerializer.Deserialize<Instance>(bytes);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException or JsonException)
        {
            return null;
        }

        return instance is { Address.Length: > 0 } && new ProcessIdentity(instance.ProcessId, instance.StartTime).IsAlive()
            ? instance
            : null;
    }

    public void Dispose()
    {
        try
        {
            File.Delete(_path);
        }
        catch (IOException)
        {
            // Whoever reads it finds that its process is gone.
        }
    }
}
