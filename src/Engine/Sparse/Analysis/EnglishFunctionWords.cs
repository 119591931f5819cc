using System.Collections.Frozen;

namespace Rag.Engine.Sparse;

/// <summary>
/// Articles, pronouns, auxiliary verbs, conjunctions, prepositions and the like: words that hold an English sentence
/// together and say nothing of what it is about.
/// </summary>
internal static class EnglishFunctionWords
{
    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Words = FrozenSet.ToFrozenSet(
    [
        "a", "an", "the", "this", "that", "these", "those", "such", "i", "me", "my", "mine", "we", "us",
        "our", "ours", "you", "your", "yours", "he", "him", "his", "she", "her", "hers", "it", "its", "they",
        "them", "their", "theirs", "who", "whom", "whose", "which", "what", "myself", "yourself", "himself",
        "herself", "itself", "ourselves", "themselves", "am", "is", "are", "was", "were", "be", "been",
        "being", "do", "does", "did", "doing", "have", "has", "had", "having", "can", "could", "may", "might",
        "must", "shall", "should", "will", "would", "and", "or", "but", "nor", "if", "then", "than", "so",
        "because", "as", "while", "until", "though", "although", "whether", "unless", "since", "of", "in",
        "on", "at", "by", "for", "from", "to", "into", "onto", "with", "without", "about", "above", "across",
        "after", "against", "along", "among", "around", "before", "behind", "below", "beneath", "beside",
        "between", "beyond", "during", "over", "through", "toward", "towards", "under", "up", "upon",
        "within", "out", "off", "down", "via", "not", "no", "yes", "all", "any", "both", "each", "every",
        "either", "neither", "few", "more", "most", "much", "many", "some", "other", "another", "same", "own",
        "how", "when", "where", "why", "there", "here", "again", "also", "only", "very", "too", "just",
        "even", "ever", "yet", "already", "rather", "s", "t",
    ], StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    public static bool Contains(ReadOnlySpan<char> word) => Words.Contains(word);
}
