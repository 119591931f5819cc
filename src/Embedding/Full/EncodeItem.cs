namespace Rag.Embedding.Full;

/// <summary>One text that waits for its vector.</summary>
/// <param name="Call">Whose it is.</param>
/// <param name="Row">Its row in the call's destination.</param>
/// <param name="Ids">Its whole input.</param>
/// <param name="EnqueuedMs">When it began to wait, on <see cref="Environment.TickCount64"/>.</param>
internal sealed record EncodeItem(EncodeCall Call, int Row, int[] Ids, long EnqueuedMs);
