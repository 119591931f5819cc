using System.Runtime.CompilerServices;
using Google.Protobuf;
using Rag.V1;

namespace Rag.Cli.Ingestion;

/// <summary>Chunks as JSON, one on each line.</summary>
internal static class ChunkLines
{
    /// <param name="path">The file; - for the input.</param>
    /// <exception cref="CliException">There is no such file, or a line is no chunk.</exception>
    public static async IAsyncEnumerable<Chunk> ReadAsync(
        string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        using var lines = Open(path);
        var number = 0;
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            number++;
            if (line.Length > 0)
                yield return Parse(line, number);
        }
    }

    private static TextReader Open(string path)
    {
        try
        {
            return path == "-" ? Console.In : new StreamReader(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"'{path}' cannot be read: {fault.Message}", ExitCode.Usage);
        }
    }

    private static Chunk Parse(string line, int number)
    {
        try
        {
            return JsonParser.Default.Parse<Chunk>(line);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new CliException($"Line {number} is no chunk: {fault.Message}", ExitCode.Usage);
        }
    }
}
