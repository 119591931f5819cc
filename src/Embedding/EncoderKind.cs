namespace Rag.Embedding;

/// <summary>
/// Which of a model's encoders makes a vector. Both share the tokenizer and the vector space. The values are stored
/// with vectors and never change.
/// </summary>
public enum EncoderKind : byte
{
    /// <summary>The transformer, in ONNX Runtime: best quality, ten thousand tokens a second on a core.</summary>
    Full = 1,

    /// <summary>The distilled table, one row a token: close, millions of tokens a second on a core.</summary>
    Lookup = 2,
}
