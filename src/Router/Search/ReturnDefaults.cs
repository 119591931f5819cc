using Rag.V1;

namespace Rag.Router.Search;

/// <summary>What answers carry when the caller does not say.</summary>
internal static class ReturnDefaults
{
    /// <summary>Text, metadata and passage. Shared; never change it.</summary>
    public static ReturnFields Hits { get; } = new() { Text = true, Metadata = true, Passage = true };
}
