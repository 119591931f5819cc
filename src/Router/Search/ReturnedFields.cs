using Rag.Router.Errors;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>What hits carry: for the caller, and for the stages that order them.</summary>
internal static class ReturnedFields
{
    /// <summary>Nothing but keys and scores.</summary>
    public static readonly ReturnFields None = new();

    /// <summary>What the stages after the first one look at; <see cref="None"/> itself if that is nothing.</summary>
    /// <param name="search">The search.</param>
    /// <param name="diversitySpace">Space whose vectors say how different two hits are.</param>
    public static ReturnFields OfPool(SearchRequest search, string diversitySpace)
    {
        var fields = new ReturnFields { Metadata = search.Boosts.Count > 0, Text = search.Rerank is not null };
        if (search.Diversity is not null)
            fields.Vectors.Add(diversitySpace);
        if (search.Examples?.Strategy is ExampleStrategy.BestScore && !fields.Vectors.Contains(search.Space))
            fields.Vectors.Add(search.Space);
        return fields.Equals(None) ? None : fields;
    }

    /// <summary>Refuses vectors of spaces that the workspace does not have.</summary>
    public static void Check(ReturnFields? fields, KnownWorkspace workspace)
    {
        if (fields is null || fields.Vectors.Count == 0)
            return;
        foreach (var name in fields.Vectors)
        {
            if (workspace.FindSpace(name) is null)
            {
                throw Refuse.Invalid("return_fields.vectors",
                    $"The workspace has no vector space '{MetadataRules.Shorten(name)}': {workspace.SpaceNames}.");
            }
        }
    }
}
