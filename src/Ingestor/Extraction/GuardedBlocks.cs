namespace Rag.Ingestor.Extraction;

/// <summary>
/// Turns what a library throws for damaged input, at any step of a lazy reading, into a refusal of the file.
/// </summary>
internal static class GuardedBlocks
{
    public static IEnumerable<TextBlock> Read(
        IEnumerable<TextBlock> blocks, Func<Exception, bool> isDamage, Func<Exception, ExtractionException> refuse)
    {
        using var reading = blocks.GetEnumerator();
        while (true)
        {
            try
            {
                if (!reading.MoveNext())
                    yield break;
            }
            catch (Exception broken) when (isDamage(broken))
            {
                throw refuse(broken);
            }

            yield return reading.Current;
        }
    }
}
