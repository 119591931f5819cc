namespace Rag.Engine.Quantization;

/// <summary>
/// A form of vectors to search in. A new codec is one file with an implementation of this and of <see cref="IScorer"/>,
/// and a line in <c>IndexCore.Create</c>. Immutable, thread-safe; called once a vector or query, so virtual.
/// </summary>
internal unsafe interface ICodec<TScorer>
    where TScorer : struct, IScorer
{
    /// <summary>Bytes of one code; a multiple of 4.</summary>
    int CodeBytes { get; }

    /// <summary>Bytes a bound query needs.</summary>
    int QueryBytes { get; }

    /// <summary>Candidates to score in full precision for the best <paramref name="k"/> to be among them.</summary>
    int Rerank(int k);

    /// <summary>Writes the code of a vector; <paramref name="scratch"/> has <see cref="QueryBytes"/>.</summary>
    void Encode(ReadOnlySpan<float> vector, float norm, byte* code, byte* scratch);

    /// <summary>A scorer over these codes whose query will lie in <paramref name="query"/>.</summary>
    TScorer Scorer(CodeStore.View codes, byte* query);
}
