using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using Rag.Tokenization;

namespace Rag.Embedding.Lookup;

/// <summary>
/// The table encoder: v = Σ scales[t]·embeddings[t] / √max(n, 1) + bias, divided by its L2 norm, over the first
/// MaxTokens − 2 tokens without [CLS] and [SEP]; n counts each of them. Immutable, safe for concurrent use.
/// </summary>
internal sealed class LookupEncoder
{
    [ThreadStatic]
    private static TokenBuffer? _tokens;

    private readonly ITokenizer _tokenizer;
    private readonly sbyte[] _rows;
    private readonly float[] _scales;
    private readonly float[] _bias;
    private readonly int _maxTokens;

    private LookupEncoder(ITokenizer tokenizer, sbyte[] rows, float[] scales, float[] bias, int maxTokens)
    {
        _tokenizer = tokenizer;
        _rows = rows;
        _scales = scales;
        _bias = bias;
        _maxTokens = maxTokens;
    }

    /// <summary>Floats in a vector.</summary>
    public int Dimension => _bias.Length;

    /// <summary>Reads a table and checks that it is one for this tokenizer and dimension.</summary>
    /// <exception cref="ModelFormatException">It is not.</exception>
    public static LookupEncoder Load(ModelInfo model, ITokenizer tokenizer)
    {
        var path = model.LookupTable ?? throw new ArgumentException("The model has no lookup table.", nameof(model));
        using var file = SafetensorsFile.Open(path);
        var shape = file.ShapeOf("embeddings");
        if (shape is not [var vocabulary, var dimension])
            throw new ModelFormatException($"'{path}': embeddings must have two dimensions, not {shape.Length}.");
        if (vocabulary < tokenizer.VocabularySize || dimension != model.Dimension
            || vocabulary > Array.MaxLength / dimension)
        {
            throw new ModelFormatException(
                $"'{path}' is a table of {vocabulary} × {dimension}, but the model has {tokenizer.VocabularySize} tokens "
                + $"and {model.Dimension} dimensions.");
        }

        var rows = GC.AllocateUninitializedArray<sbyte>((int)(vocabulary * dimension));
        var scales = new float[vocabulary];
        var bias = new float[dimension];
        file.Read("embeddings", "I8", MemoryMarshal.AsBytes(rows.AsSpan()));
        file.Read("scales", "F32", MemoryMarshal.AsBytes(scales.AsSpan()));
        file.Read("bias", "F32", MemoryMarshal.AsBytes(bias.AsSpan()));
        if (!scales.All(float.IsFinite) || !bias.All(float.IsFinite))
            throw new ModelFormatException($"'{path}' holds numbers that are not finite.");
        return new LookupEncoder(tokenizer, rows, scales, bias, model.MaxTokens - 2);
    }

    /// <summary>Encodes one text into <see cref="Dimension"/> floats; allocates nothing in the long run.</summary>
    /// <returns>Number of tokens that counted.</returns>
    public int Encode(ReadOnlySpan<char> text, Span<float> vector)
    {
        var tokens = _tokens ??= new TokenBuffer();
        _tokenizer.Encode(text, tokens, _maxTokens);
        Encode(tokens.Ids, vector);
        return tokens.Count;
    }

    /// <summary>The same for UTF-8.</summary>
    public int Encode(ReadOnlySpan<byte> utf8, Span<float> vector)
    {
        var tokens = _tokens ??= new TokenBuffer();
        _tokenizer.Encode(utf8, tokens, _maxTokens);
        Encode(tokens.Ids, vector);
        return tokens.Count;
    }

    private void Encode(ReadOnlySpan<int> ids, Span<float> vector)
    {
        EmbeddingBag.Sum(ids, _rows, _scales, vector);
        TensorPrimitives.MultiplyAdd(vector, 1 / MathF.Sqrt(Math.Max(ids.Length, 1)), _bias, vector);
        VectorMath.Normalize(vector);
    }
}
