using System.Text.Json;

namespace Rag.Cli.Options;

/// <summary>One vector in a JSON file: <c>[0.1,0.2]</c>.</summary>
internal static class VectorFile
{
    /// <exception cref="CliException">The file is not there, or holds none.</exception>
    public static ReadOnlyMemory<float> Read(string path)
    {
        try
        {
            return JsonSerializer.Deserialize<float[]>(File.ReadAllText(path)) is { Length: > 0 } vector
                ? vector
                : throw new JsonException("It is empty.");
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException)
        {
            throw new CliException($"'{path}' holds no vector: {fault.Message} Write [0.1,0.2].", ExitCode.Usage);
        }
    }
}
