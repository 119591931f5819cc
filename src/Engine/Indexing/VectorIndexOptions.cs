namespace Rag.Engine.Indexing;

/// <summary>Shape of a vector index; fixed for its life and stored with it.</summary>
public sealed record VectorIndexOptions
{
    /// <summary>Largest dimension that an index takes.</summary>
    public const int MaxDimension = 4096;

    /// <summary>Smallest dimension whose signs tell enough.</summary>
    public const int MinBinaryDimension = 64;

    /// <summary>Number of float32 components, 1…4,096.</summary>
    public required int Dimension { get; init; }

    /// <summary>How vectors are compared.</summary>
    public required Metric Metric { get; init; }

    /// <summary>Form in which vectors are traversed; int8 by default.</summary>
    public VectorCodec Codec { get; init; } = VectorCodec.Int8;

    /// <summary>Edges a node has in the upper layers, twice as many in the lowest; 4…64, 16 by default.</summary>
    public int M { get; init; } = 16;

    /// <summary>Candidates considered when a row is linked, M…2,000; 200 by default.</summary>
    public int EfConstruction { get; init; } = 200;

    /// <summary>Rows up to which the index scans instead of walking a graph; null lets measured cost decide.</summary>
    public int? ExactThreshold { get; init; }

    /// <summary>Seed of levels and rotation: the same seed and order of rows give the same graph on one thread.</summary>
    public ulong Seed { get; init; }

    /// <summary>Checks every value.</summary>
    /// <exception cref="ArgumentException">Names all that are out of range.</exception>
    public void Validate()
    {
        var errors = new List<string>();
        if (Dimension is < 1 or > MaxDimension)
            errors.Add($"{nameof(Dimension)} must be 1…{MaxDimension}, not {Dimension}");
        if (Metric is < Metric.Cosine or > Metric.L2)
            errors.Add($"{nameof(Metric)} {(byte)Metric} is unknown");
        if (!Enum.IsDefined(Codec))
            errors.Add($"{nameof(Codec)} {(byte)Codec} is unknown");
        if (Codec == VectorCodec.Binary && Dimension < MinBinaryDimension)
            errors.Add($"{nameof(Dimension)} must be {MinBinaryDimension} or more with binary codes, not {Dimension}");
        if (M is < 4 or > 64)
            errors.Add($"{nameof(M)} must be 4…64, not {M}");
        if (EfConstruction < M || EfConstruction > 2000)
            errors.Add($"{nameof(EfConstruction)} must be M…2000, not {EfConstruction}");
        if (ExactThreshold is < 0)
            errors.Add($"{nameof(ExactThreshold)} must not be negative, not {ExactThreshold}");
        if (errors.Count > 0)
            throw new ArgumentException(string.Join("; ", errors) + ".");
    }
}
