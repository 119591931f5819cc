using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Text;

namespace Rag.Embedding.Tests;

/// <summary>
/// A model of a handful of tokens whose graph is one look-up: token vector = [id, 1, 0, ...]. Written as ONNX by hand, so
/// that tests can choose its inputs, its outputs and the files around it.
/// </summary>
internal static class TinyModel
{
    public const int Dimension = 4;

    private static readonly string[] Vocabulary =
        ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", "hello", "world", "query", "passage", ":", "##s"];

    /// <summary>Vector of a token.</summary>
    public static float[] VectorOf(int id) => [id, 1, id % 2, -id];

    /// <summary>Writes the files of a model.</summary>
    public static void Write(
        string folder, string graph = "model.onnx", string output = "last_hidden_state",
        string extraInput = "attention_mask", int elementType = 7, bool pooled = false)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(Path.Combine(folder, graph))!);
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            $$"""{"model_type":"bert","hidden_size":{{Dimension}},"max_position_embeddings":16}""");
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), Vocabulary);
        File.WriteAllBytes(Path.Combine(folder, graph), Graph(output, extraInput, elementType, pooled));
    }

    public static void WritePooling(string folder, params string[] modes)
    {
        Directory.CreateDirectory(Path.Combine(folder, "1_Pooling"));
        File.WriteAllText(
            Path.Combine(folder, "1_Pooling", "config.json"),
            $$"""{"word_embedding_dimension":4,{{string.Join(',', modes.Select(mode => $"\"{mode}\":true"))}}}""");
    }

    /// <summary>
    /// Writes a lookup table: row of token t = [t, t + 1, ...], scale (t + 1) / 2, bias [0, 1, 2, 3] unless given.
    /// </summary>
    public static void WriteTable(string folder, Func<string, string>? change = null, float[]? bias = null)
    {
        var vocabulary = Vocabulary.Length;
        var scales = Enumerable.Range(0, vocabulary).Select(id => (id + 1) * .5f).ToArray();
        var rows = Enumerable.Range(0, vocabulary)
            .SelectMany(id => Enumerable.Range(0, 4).Select(d => (sbyte)(id + d)))
            .ToArray();
        const string json =
            """
            {"bias":{"dtype":"F32","shape":[4],"data_offsets":[0,16]},
            "scales":{"dtype":"F32","shape":[11],"data_offsets":[16,60]},
            "embeddings":{"dtype":"I8","shape":[11,4],"data_offsets":[60,104]}}
            """;
        var header = Encoding.UTF8.GetBytes(change?.Invoke(json) ?? json);
        var length = new byte[8];
        BinaryPrimitives.WriteInt64LittleEndian(length, header.Length);
        File.WriteAllBytes(
            Path.Combine(folder, "lookup.safetensors"),
            [
                .. length, .. header, .. MemoryMarshal.AsBytes<float>(bias ?? [0, 1, 2, 3]),
                .. MemoryMarshal.AsBytes<float>(scales),
                .. MemoryMarshal.AsBytes<sbyte>(rows),
            ]);
    }

    /// <summary>ModelProto: one Gather from a table, and a ReduceMean over the tokens if it pools by itself.</summary>
    private static byte[] Graph(string output, string extraInput, int elementType, bool pooled)
    {
        var table = Enumerable.Range(0, Vocabulary.Length).SelectMany(VectorOf).SelectMany(BitConverter.GetBytes).ToArray();
        var gathered = pooled ? "tokens" : output;
        List<byte[]> graph =
        [
            Field(1, Node("Gather", ["table", "input_ids"], gathered)),
            Field(2, Text("tiny")),
            Field(5, [
                .. Varint(1, Vocabulary.Length), .. Varint(1, Dimension), .. Varint(2, 1), .. Field(8, Text("table")),
                .. Field(9, table),
            ]),
            Field(11, Value("input_ids", elementType, 2)),
            Field(11, Value(extraInput, elementType, 2)),
            Field(12, Value(output, 1, pooled ? 2 : 3)),
        ];
        if (pooled)
        {
            // Attributes axes = [1] and keepdims = 0, as in opset 13.
            byte[] axes = [.. Field(1, Text("axes")), .. Varint(8, 1), .. Varint(20, 7)];
            byte[] keep = [.. Field(1, Text("keepdims")), .. Varint(3, 0), .. Varint(20, 2)];
            graph.Insert(1, Field(1, [.. Node("ReduceMean", [gathered], output), .. Field(5, axes), .. Field(5, keep)]));
        }

        return [.. Varint(1, 8), .. Field(7, [.. graph.SelectMany(part => part)]), .. Field(8, Varint(2, 13))];
    }

    private static byte[] Node(string type, string[] inputs, string output) =>
        [.. inputs.SelectMany(input => Field(1, Text(input))), .. Field(2, Text(output)), .. Field(4, Text(type))];

    private static byte[] Value(string name, int elementType, int rank)
    {
        var dimensions = Enumerable.Range(0, rank).SelectMany(i => Field(1, Field(2, Text("d" + i)))).ToArray();
        return [.. Field(1, Text(name)), .. Field(2, Field(1, [.. Varint(1, elementType), .. Field(2, dimensions)]))];
    }

    private static byte[] Text(string text) => Encoding.UTF8.GetBytes(text);

    private static byte[] Field(int number, byte[] content) =>
        [.. Number((number << 3) | 2), .. Number(content.Length), .. content];

    private static byte[] Varint(int number, int value) => [.. Number(number << 3), .. Number(value)];

    private static IEnumerable<byte> Number(int value)
    {
        for (; value >= 0x80; value >>= 7)
            yield return (byte)(value | 0x80);
        yield return (byte)value;
    }
}
