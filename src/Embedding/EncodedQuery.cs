namespace Rag.Embedding;

/// <summary>A query's vector and what made it.</summary>
/// <param name="Vector"><see cref="ModelInfo.Dimension"/> floats.</param>
/// <param name="Encoder">What made it.</param>
/// <param name="FellBack">Whether it is the lookup encoder's because the full one's would have come too late.</param>
public readonly record struct EncodedQuery(ReadOnlyMemory<float> Vector, EncoderKind Encoder, bool FellBack);
