namespace Rag.Engine.Sparse;

/// <summary>How text becomes terms. Documents and queries of one index must agree in all of it.</summary>
public sealed record AnalysisOptions
{
    /// <summary>
    /// Number of the rules as a whole: folding, segmentation, stemming, and which fields of a chunk count. An index that was made under other rules is
    /// made again from its texts.
    /// </summary>
    public const int RulesVersion = 2;

    /// <summary>Whose endings are taken off. Default: English.</summary>
    public AnalysisLanguage Language { get; init; } = AnalysisLanguage.English;

    /// <summary>How often a word of the attributes counts beside one of the text, 1 to 10.</summary>
    public int AttributeBoost { get; init; } = 1;

    /// <summary>How often a word of the attributes' title counts beside one of the text, 1 to 10.</summary>
    public int TitleBoost { get; init; } = 1;

    /// <summary>
    /// Leaves function words out altogether. Default: keep them, so that "to be or not to be" is found; they do not
    /// count for a text's length, and in a query they weigh a quarter.
    /// </summary>
    public bool DropStopWords { get; init; }
}

/// <summary>Whose endings are taken off words. The numbers are stored: never change them.</summary>
public enum AnalysisLanguage : byte
{
    /// <summary>Words stay as they are, but for case and accents.</summary>
    None = 0,

    /// <summary>Porter's second English stemmer.</summary>
    English = 1,
}
