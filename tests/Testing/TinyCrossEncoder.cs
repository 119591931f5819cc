using System.Text;

namespace Rag.Testing;

/// <summary>
/// A cross-encoder of a handful of words, written as ONNX by hand: the logit is the sum of its tokens' weights, those of
/// the query counting a hundredth and padding nothing. So a logit tells whether inputs, segments and mask are right.
/// </summary>
public static class TinyCrossEncoder
{
    private static readonly string[] Markers = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"];

    /// <summary>Writes the model's folder.</summary>
    /// <param name="words">Its words with their weights; markers weigh 0.</param>
    /// <param name="hasTypes">Whether the graph has token_type_ids; without them all tokens count alike.</param>
    /// <param name="labels">Numbers a pair; usual models have one.</param>
    public static void Write(
        string folder, IReadOnlyList<(string Word, float Weight)> words, int maxTokens = 32, bool hasTypes = true,
        int labels = 1)
    {
        Directory.CreateDirectory(Path.Combine(folder, "onnx"));
        File.WriteAllText(
            Path.Combine(folder, "config.json"),
            $$"""{"model_type":"bert","architectures":["BertForSequenceClassification"],"hidden_size":4,"max_position_embeddings":{{maxTokens}}}""");
        File.WriteAllLines(Path.Combine(folder, "vocab.txt"), [.. Markers, .. words.Select(word => word.Word)]);
        // Padding weighs much, so that a mask that is not heeded shows.
        float[] weights = [1000, 0, 0, 0, 0, .. words.Select(word => word.Weight)];
        File.WriteAllBytes(Path.Combine(folder, "onnx", "model.onnx"), Graph(weights, hasTypes, labels));
    }

    private static byte[] Graph(float[] weights, bool hasTypes, int labels)
    {
        byte[] axes = [.. Field(1, Text("axes")), .. Varint(8, 1), .. Varint(20, 7)];
        byte[] keep = [.. Field(1, Text("keepdims")), .. Varint(3, 0), .. Varint(20, 2)];
        List<byte[]> graph =
        [
            Field(1, Node("Gather", ["weights", "input_ids"], "weighed")),
            Field(1, Node("Gather", ["masks", "attention_mask"], "mask")),
            Field(1, Node("Mul", ["weighed", "mask"], hasTypes ? "masked" : "all")),
            Field(2, Text("tiny")),
            Field(5, Table("weights", [.. weights.SelectMany(weight => Enumerable.Repeat(weight, labels))], labels)),
            Field(5, Table("masks", [0, 1], 1)),
            Field(11, Value("input_ids", 7, 2)),
            Field(11, Value("attention_mask", 7, 2)),
            Field(12, Value("logits", 1, 2)),
        ];
        if (hasTypes)
        {
            graph.Insert(3, Field(1, Node("Gather", ["types", "token_type_ids"], "type")));
            graph.Insert(4, Field(1, Node("Mul", ["masked", "type"], "all")));
            graph.Add(Field(5, Table("types", [0.01f, 1], 1)));
            graph.Add(Field(11, Value("token_type_ids", 7, 2)));
        }

        graph.Add(Field(1, [.. Node("ReduceSum", ["all"], "logits"), .. Field(5, axes), .. Field(5, keep)]));
        // IR 8, opset 12: the last one in which the axes of ReduceSum are an attribute.
        return [.. Varint(1, 8), .. Field(7, [.. graph.SelectMany(part => part)]), .. Field(8, Varint(2, 12))];
    }

    private static byte[] Table(string name, float[] values, int columns) =>
    [
        .. Varint(1, values.Length / columns), .. Varint(1, columns), .. Varint(2, 1), .. Field(8, Text(name)),
        .. Field(9, [.. values.SelectMany(BitConverter.GetBytes)]),
    ];

    private static byte[] Node(string type, string[] inputs, string output) =>
        [.. inputs.SelectMany(input => Field(1, Text(input))), .. Field(2, Text(output)), .. Field(4, Text(type))];

    private static byte[] Value(string name, int elementType, int rank)
    {
        var dimensions = Enumerable.Range(0, rank).SelectMany(i => Field(1, Field(2, Text(name + i)))).ToArray();
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
