using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Hits by document. All chunks of a document are in one partition, so no group is split.</summary>
internal static class HitGroups
{
    /// <summary>The best hits, or all of the best documents.</summary>
    /// <param name="count">How many hits or documents.</param>
    /// <param name="each">Hits of a document; 0: hits stand for themselves.</param>
    public static List<SearchHit> Best(IEnumerable<SearchHit> hits, int count, int each) => each == 0
        ? [.. hits.Take(count)]
        : [.. Of(hits, each).Take(count).SelectMany(static group => group)];

    /// <summary>Groups of at most <paramref name="most"/> hits, in the order of their best ones.</summary>
    public static List<List<SearchHit>> Of(IEnumerable<SearchHit> hits, int most)
    {
        var groups = new List<List<SearchHit>>();
        var byDocument = new Dictionary<string, List<SearchHit>>(StringComparer.Ordinal);
        foreach (var hit in hits)
        {
            if (!byDocument.TryGetValue(hit.DocumentId, out var group))
            {
                groups.Add(group = []);
                byDocument.Add(hit.DocumentId, group);
            }

            if (group.Count < most)
                group.Add(hit);
        }

        return groups;
    }
}
