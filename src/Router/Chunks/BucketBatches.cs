using Rag.Router.Workspaces;

namespace Rag.Router.Chunks;

/// <summary>
/// Positions of a request's items by the bucket that they go to. Most workspaces have one bucket: nothing is split
/// then.
/// </summary>
internal static class BucketBatches
{
    /// <param name="documents">The document of each item; null for an item that goes nowhere.</param>
    /// <returns>Pairs of a bucket and the positions of its items, in the order of the request.</returns>
    public static List<(int Bucket, List<int> Items)> Of(KnownWorkspace workspace, IReadOnlyList<string?> documents)
    {
        var batches = new List<(int Bucket, List<int> Items)>();
        var byBucket = workspace.Partitions.Length == 1 ? null : new Dictionary<int, List<int>>();
        for (var i = 0; i < documents.Count; i++)
        {
            if (documents[i] is not { } document)
                continue;
            var bucket = workspace.BucketOf(document);
            var items = byBucket is null
                ? batches.Count > 0 ? batches[0].Items : null
                : byBucket.GetValueOrDefault(bucket);
            if (items is null)
            {
                batches.Add((bucket, items = []));
                byBucket?.Add(bucket, items);
            }

            items.Add(i);
        }

        return batches;
    }
}
