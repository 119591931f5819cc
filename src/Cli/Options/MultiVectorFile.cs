using System.Text.Json;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>Several vectors of one length in a JSON file: <c>[[0.1,0.2],[0.3,0.4]]</c>.</summary>
internal static class MultiVectorFile
{
    /// <exception cref="CliException">The file is not there, or is none.</exception>
    public static MultiVector Read(string path)
    {
        try
        {
            var vectors = JsonSerializer.Deserialize<float[][]>(File.ReadAllText(path)) ?? [];
            return VectorValue.OfMany([.. vectors.Select(static vector => new ReadOnlyMemory<float>(vector))]);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException or JsonException or ArgumentException)
        {
            throw new CliException(
                $"'{path}' holds no vectors: {fault.Message} Write [[0.1,0.2],[0.3,0.4]].", ExitCode.Usage);
        }
    }
}
