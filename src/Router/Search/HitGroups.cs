using Rag.V1;

namespace Rag.Router.Search;

/// <summary>Hits by document. All chunks of a document are in one partition, so no group is split.</summary>
internal static class HitGroups
{
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
