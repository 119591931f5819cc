using System.Globalization;
using Rag.Ingestor.Chunking;

namespace Rag.Ingestor.Tests;

/// <summary>Counts words, punctuation marks and East Asian characters, which is close to what models do.</summary>
internal sealed class WordCounter : ITokenCounter
{
    public int Count(ReadOnlySpan<char> text)
    {
        var count = 0;
        var inWord = false;
        foreach (var c in text)
        {
            var isIdeograph = c is >= '\u2E80' and <= '\uD7FF' || char.IsSurrogate(c);
            var isWord = !isIdeograph && char.IsLetterOrDigit(c);
            if (isIdeograph || (!isWord && !char.IsWhiteSpace(c)) || (isWord && !inWord))
                count++;
            inWord = isWord;
        }

        return count;
    }
}
