using System.Collections.Frozen;

namespace Rag.Engine.Sparse;

/// <summary>Words that <see cref="EnglishStemmer"/> has to know by heart.</summary>
internal static class EnglishStemExceptions
{
    private static readonly FrozenDictionary<string, string>.AlternateLookup<ReadOnlySpan<char>> Known =
        new Dictionary<string, string>
        {
            ["skis"] = "ski", ["skies"] = "sky", ["dying"] = "die", ["lying"] = "lie", ["tying"] = "tie",
            ["idly"] = "idl", ["gently"] = "gentl", ["ugly"] = "ugli", ["early"] = "earli", ["only"] = "onli",
            ["singly"] = "singl", ["sky"] = "sky", ["news"] = "news", ["howe"] = "howe", ["atlas"] = "atlas",
            ["cosmos"] = "cosmos", ["bias"] = "bias", ["andes"] = "andes",
        }.ToFrozenDictionary(StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    private static readonly FrozenSet<string>.AlternateLookup<ReadOnlySpan<char>> Whole = FrozenSet.ToFrozenSet(
        ["inning", "outing", "canning", "herring", "earring", "proceed", "exceed", "succeed"],
        StringComparer.Ordinal).GetAlternateLookup<ReadOnlySpan<char>>();

    /// <summary>The stem of a word that follows no rule, or null.</summary>
    public static string? Find(ReadOnlySpan<char> word) => Known.TryGetValue(word, out var stem) ? stem : null;

    /// <summary>Whether a word that has lost its plural is a stem already.</summary>
    public static bool EndsHere(ReadOnlySpan<char> word) => Whole.Contains(word);
}
