using System.Runtime.CompilerServices;
using Rag.Cli.Options;
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
        using var lines = path == "-" ? Console.In : InputLines.Open(path);
        var number = 0;
        while (await lines.ReadLineAsync(cancellationToken) is { } line)
        {
            number++;
            if (line.Length > 0)
                yield return InputLines.Parse<Chunk>(line, number, "chunk");
        }
    }
}
