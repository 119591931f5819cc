namespace Rag.Tokenization;

/// <summary>
/// Where a token came from: the first unit (char or byte) of the source that it stands for, and the unit after the last.
/// </summary>
/// <param name="Start">First unit.</param>
/// <param name="End">Unit after the last; characters that were dropped after it are not included.</param>
public readonly record struct TokenOffset(int Start, int End);
