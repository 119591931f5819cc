namespace Rag.Engine.Sparse;

/// <summary>The part of a text that says most of why it was found. Positions are UTF-16 code units.</summary>
/// <param name="Start">First code unit of the part.</param>
/// <param name="End">One past the last.</param>
/// <param name="Matches">The query's words in it, in order, not overlapping, as positions in the whole text.</param>
public sealed record TextSnippet(int Start, int End, IReadOnlyList<(int Start, int End)> Matches);
