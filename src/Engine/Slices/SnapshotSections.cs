namespace Rag.Engine.Slices;

/// <summary>
/// Sections of a snapshot. All numbers are little endian; "present" rows are those alive or staged, in rising order.
/// <code>
/// summary     format, stamp, settings, content bytes, visible chunks, beginning of the oldest staged generation
/// rows        row limit, present bits, staged bits; by present row: versions, contents, key offsets, key fingerprints,
///             documents (numbered anew, dense)
/// documents   fingerprints; for those with a state: id, generation, version, staged generations with their rows
/// recent      mutation ids of late with their outcomes
/// metadata    columns by key and kind, values by present row
/// keys        mapped: for each present row length and entry (KeyStore)
/// text        rules of analysis, sparse index; absent in older files: it is made again from the chunk log then
/// sparse      index of callers' sparse vectors; absent where there is none
/// tombstones  what was deleted, of a replica; absent where there is none
/// tags-N, index-N (mapped if it is small and has no graph), vectors-N (mapped)   of the Nth space of the settings
/// </code>
/// </summary>
internal static class SnapshotSections
{
    public const byte FormatVersion = 1;

    public const string Summary = "summary";
    public const string Rows = "rows";
    public const string Documents = "documents";
    public const string Recent = "recent";
    public const string Metadata = "metadata";
    public const string Keys = "keys";
    public const string Text = "text";
    public const string Sparse = "sparse";
    public const string Tombstones = "tombstones";

    public static string Tags(int space) => $"tags-{space}";

    public static string Index(int space) => $"index-{space}";

    public static string Vectors(int space) => $"vectors-{space}";
}
