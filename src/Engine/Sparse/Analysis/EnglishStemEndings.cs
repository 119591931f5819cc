namespace Rag.Engine.Sparse;

/// <summary>Endings of <see cref="EnglishStemmer"/>, step by step; the longest that fits comes first.</summary>
internal static class EnglishStemEndings
{
    /// <summary>Step 2.</summary>
    public static readonly (string Ending, string Turned)[] Double =
    [
        ("ational", "ate"), ("ization", "ize"), ("fulness", "ful"), ("iveness", "ive"), ("ousness", "ous"),
        ("biliti", "ble"), ("tional", "tion"), ("lessli", "less"), ("aliti", "al"), ("alism", "al"), ("ation", "ate"),
        ("entli", "ent"), ("fulli", "ful"), ("iviti", "ive"), ("ousli", "ous"), ("abli", "able"), ("alli", "al"),
        ("anci", "ance"), ("ator", "ate"), ("enci", "ence"), ("izer", "ize"), ("bli", "ble"), ("ogi", "og"),
        ("li", ""),
    ];

    /// <summary>Step 3.</summary>
    public static readonly (string Ending, string Turned)[] Simple =
    [
        ("ational", "ate"), ("tional", "tion"), ("alize", "al"), ("ative", ""), ("icate", "ic"), ("iciti", "ic"),
        ("ical", "ic"), ("ness", ""), ("ful", ""),
    ];

    /// <summary>Step 4.</summary>
    public static readonly string[] Last =
    [
        "ement", "able", "ance", "ence", "ible", "ment", "ant", "ate", "ent", "ion", "ism", "iti", "ive", "ize", "ous",
        "al", "er", "ic",
    ];
}
