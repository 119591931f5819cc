using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Rag.Engine.Indexing;
using Rag.Engine.Quantization;

namespace Rag.Engine.Hnsw;

/// <summary>
/// Saves and loads edges:
/// <code>
/// lowest layer: row limit × 2M × int32        then, for each row with upper layers: row, layers × M × int32;   then −1
/// </code>
/// </summary>
internal static unsafe class GraphStream
{
    /// <summary>Writes the lists of rows below <paramref name="rows"/>. Safe beside the writer.</summary>
    public static void Write(Stream stream, HnswGraph graph, int rows)
    {
        var view = graph.Current;
        IndexStream.Write(stream, view.LowestSlab, graph.M * 2 * sizeof(int), rows);
        var record = new int[1 + HnswGraph.MaxLayers * graph.M];
        for (var row = 0; row < rows; row++)
        {
            var layers = graph.LayerOf(row);
            if (layers == 0 || view.Edges(row, layers) == null)
                continue;
            record[0] = row;
            for (var layer = 1; layer <= layers; layer++)
                Copy(view.Edges(row, layer), record.AsSpan(1 + (layer - 1) * graph.M, graph.M));
            stream.Write(MemoryMarshal.AsBytes(record.AsSpan(0, 1 + layers * graph.M)));
        }

        stream.Write(MemoryMarshal.AsBytes([-1]));
        GC.KeepAlive(graph);
    }

    /// <summary>
    /// Reads what <see cref="Write"/> wrote into an empty graph, without edges to rows that are not among the codes.
    /// </summary>
    /// <exception cref="InvalidDataException">A number is out of range.</exception>
    public static void Read(Stream stream, HnswGraph graph, CodeStore codes, int rows)
    {
        graph.ReadLowest(stream, rows);
        var view = graph.Current;
        var stored = codes.Current;
        for (var row = 0; row < rows; row++)
            KeepPresent(view.Lowest(row), 2 * graph.M, stored, rows, row);
        var last = -1;
        for (var row = ReadInt(stream); row != -1; row = ReadInt(stream))
        {
            if (row <= last || row >= rows || graph.LayerOf(row) == 0)
                throw new InvalidDataException($"The saved index names row {row} where it cannot stand.");
            last = row;
            var layers = graph.LayerOf(row);
            graph.AllotUpper(row, layers);
            view = graph.Current;
            for (var layer = 1; layer <= layers; layer++)
            {
                var edges = view.Edges(row, layer);
                IndexStream.ReadExactly(stream, new Span<byte>(edges, graph.M * sizeof(int)));
                KeepPresent(edges, graph.M, stored, rows, row);
            }
        }
    }

    private static void Copy(int* edges, Span<int> target)
    {
        target.Fill(-1);
        if (edges != null)
            new ReadOnlySpan<int>(edges, target.Length).CopyTo(target);
    }

    private static void KeepPresent(int* edges, int max, CodeStore.View codes, int rows, int self)
    {
        var kept = 0;
        var selfPresent = codes.Contains(self);
        for (var i = 0; i < max; i++)
        {
            // A row beyond the limit was added while the index was being saved; anything below −1 is damage.
            if (edges[i] < -1)
                throw new InvalidDataException($"The saved index has an edge to row {edges[i]}.");
            if (selfPresent && (uint)edges[i] < (uint)rows && codes.Contains(edges[i]))
                edges[kept++] = edges[i];
        }

        new Span<int>(edges + kept, max - kept).Fill(-1);
    }

    private static int ReadInt(Stream stream)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        IndexStream.ReadExactly(stream, bytes);
        return BinaryPrimitives.ReadInt32LittleEndian(bytes);
    }
}
