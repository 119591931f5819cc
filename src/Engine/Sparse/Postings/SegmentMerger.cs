namespace Rag.Engine.Sparse;

/// <summary>Makes one segment of several and leaves out what was removed. The sources stay as they are.</summary>
internal static class SegmentMerger
{
    /// <summary>The merged segment, or null if nothing is left of the sources.</summary>
    public static SparseSegment? Merge(ReadOnlySpan<SparseSegment> sources)
    {
        var left = 0;
        foreach (var source in sources)
            left += source.Count - source.Removed;
        if (left == 0)
            return null;
        var (rows, lengths, shown) = (new int[left], new ushort[left], new bool[left]);
        var maps = new int[sources.Length][];
        var next = 0;
        for (var i = 0; i < sources.Length; i++)
        {
            var source = sources[i];
            var map = maps[i] = new int[source.Count];
            for (var document = 0; document < map.Length; document++)
            {
                map[document] = source.Rows[document] < 0 ? -1 : next;
                if (map[document] < 0)
                    continue;
                (rows[next], lengths[next], shown[next]) =
                    (source.Rows[document], source.Lengths[document], source.Shown[document]);
                next++;
            }
        }

        var writer = new SegmentWriter(rows, lengths);
        var counts = WriteTerms(sources, maps, writer);
        var merged = writer.Finish();
        counts.CopyTo(merged.VisibleCounts);
        shown.CopyTo(merged.Shown.AsSpan());
        return merged;
    }

    private static List<int> WriteTerms(ReadOnlySpan<SparseSegment> sources, int[][] maps, SegmentWriter writer)
    {
        var counts = new List<int>();
        var at = new int[sources.Length];
        var reader = new PostingReader();
        while (LeastKey(sources, at, out var key))
        {
            writer.BeginTerm(key);
            var visible = 0;
            for (var i = 0; i < sources.Length; i++)
            {
                var source = sources[i];
                if (at[i] == source.Keys.Length || source.Keys[at[i]] != key)
                    continue;
                visible += source.VisibleCounts[at[i]];
                for (reader.Begin(source, at[i]++); reader.ReadBlock();)
                    Copy(reader, maps[i], writer);
            }

            if (writer.EndTerm())
                counts.Add(visible);
        }

        return counts;
    }

    private static void Copy(PostingReader reader, int[] map, SegmentWriter writer)
    {
        var documents = reader.Documents;
        var payloads = reader.Payloads;
        for (var i = 0; i < documents.Length; i++)
        {
            if (map[documents[i]] is var document and >= 0)
                writer.Add(document, (ushort)payloads[i]);
        }
    }

    private static bool LeastKey(ReadOnlySpan<SparseSegment> sources, int[] at, out ulong key)
    {
        key = ulong.MaxValue;
        var found = false;
        for (var i = 0; i < sources.Length; i++)
        {
            if (at[i] == sources[i].Keys.Length)
                continue;
            found = true;
            key = Math.Min(key, sources[i].Keys[at[i]]);
        }

        return found;
    }
}
