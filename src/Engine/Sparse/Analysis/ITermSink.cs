namespace Rag.Engine.Sparse;

/// <summary>Receives the terms of a text. Implementations are structs, so that the call is inlined.</summary>
internal interface ITermSink
{
    /// <summary>A word, folded and without its ending, or a piece of an identifier: it counts for the length.</summary>
    void AddWord(scoped ReadOnlySpan<char> term);

    /// <summary>An identifier or number as a whole, beside its pieces: it does not count for the length.</summary>
    void AddWhole(scoped ReadOnlySpan<char> term);

    /// <summary>A word that says nothing of what the text is about: it does not count for the length.</summary>
    void AddFunctionWord(scoped ReadOnlySpan<char> term);
}
