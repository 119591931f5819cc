using Rag.Engine.Sparse;

namespace Rag.Engine;

/// <summary>How a workspace's texts become words to search by; never changed once there are texts.</summary>
public sealed record TextSettings
{
    /// <summary>English, and headings and titles that count as the text does.</summary>
    public static TextSettings Default { get; } = new();

    /// <summary>Whose endings are taken off words. Default: English.</summary>
    public AnalysisLanguage Language { get; init; } = AnalysisLanguage.English;

    /// <summary>How often a word of the attributes counts beside one of the text, 1 to 10. Default: 1.</summary>
    public int AttributeBoost { get; init; } = 1;

    /// <summary>How often a word of the attributes' title counts beside one of the text, 1 to 10. Default: 1.</summary>
    public int TitleBoost { get; init; } = 1;
}
