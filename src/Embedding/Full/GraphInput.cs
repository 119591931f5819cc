namespace Rag.Embedding.Full;

/// <summary>One input of a graph.</summary>
/// <param name="Text">Position of the text that it is for.</param>
/// <param name="Ids">The whole input.</param>
/// <param name="Second">Where the tokens of a second text begin; the length where there is none.</param>
internal readonly record struct GraphInput(int Text, int[] Ids, int Second);
