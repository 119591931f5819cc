namespace Rag.Engine.Sparse;

/// <summary>How a sparse index scores. Nothing of it is stored in the index.</summary>
public sealed record SparseIndexOptions
{
    /// <summary>How soon more occurrences of a term stop counting, 0 to 100. Default: 1.2.</summary>
    public float K1 { get; init; } = 1.2f;

    /// <summary>How far long texts are held against their length, 0 to 1. Default: 0.75.</summary>
    public float B { get; init; } = 0.75f;

    /// <summary>Documents that one segment may hold: bounds how long a merge holds up the writer. Default:
    /// 131,072.</summary>
    public int MaxSegmentDocuments { get; init; } = 1 << 17;

    /// <exception cref="ArgumentException">An option is out of range; all that are wrong are named.</exception>
    public void Validate()
    {
        var faults = new List<string>();
        if (!(K1 is >= 0 and <= 100))
            faults.Add($"{nameof(K1)} is {K1}: 0 to 100.");
        if (!(B is >= 0 and <= 1))
            faults.Add($"{nameof(B)} is {B}: 0 to 1.");
        if (MaxSegmentDocuments is < 16 or > 1 << 24)
            faults.Add($"{nameof(MaxSegmentDocuments)} is {MaxSegmentDocuments}: 16 to 16,777,216.");
        if (faults.Count > 0)
            throw new ArgumentException(string.Join(' ', faults));
    }
}
