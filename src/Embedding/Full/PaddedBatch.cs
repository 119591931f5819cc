namespace Rag.Embedding.Full;

/// <summary>
/// Rows of token ids, padded to the longest: what a graph takes. Kept by a worker and filled again; not safe for
/// concurrent use.
/// </summary>
internal sealed class PaddedBatch
{
    private long[] _ids = [];
    private long[] _mask = [];
    private long[] _types = [];

    /// <summary>Number of texts.</summary>
    public int Rows { get; private set; }

    /// <summary>Tokens in a row, padding included.</summary>
    public int Length { get; private set; }

    /// <summary>Token ids, Rows × Length.</summary>
    public Memory<long> Ids => _ids.AsMemory(0, Rows * Length);

    /// <summary>1 for a token, 0 for padding, Rows × Length.</summary>
    public Memory<long> Mask => _mask.AsMemory(0, Rows * Length);

    /// <summary>Segment numbers: 1 for the second text of a pair, else 0, Rows × Length.</summary>
    public Memory<long> Types => _types.AsMemory(0, Rows * Length);

    /// <summary>The same rows in memory of their own.</summary>
    public PaddedBatch Copy() => new()
    {
        Rows = Rows, Length = Length, _ids = Ids.ToArray(), _mask = Mask.ToArray(), _types = Types.ToArray(),
    };

    /// <summary>Starts a batch of empty rows.</summary>
    public void Reset(int rows, int length, int paddingId)
    {
        Rows = rows;
        Length = length;
        if (_ids.Length < rows * length)
        {
            _ids = new long[rows * length];
            _mask = new long[rows * length];
            _types = new long[rows * length];
        }

        Ids.Span.Fill(paddingId);
        Mask.Span.Clear();
        Types.Span.Clear();
    }

    /// <summary>Puts a text's whole input into a row.</summary>
    public void SetRow(int row, ReadOnlySpan<int> ids)
    {
        var target = Ids.Span.Slice(row * Length, Length);
        for (var i = 0; i < ids.Length; i++)
            target[i] = ids[i];
        Mask.Span.Slice(row * Length, ids.Length).Fill(1);
    }

    /// <summary>Puts a pair's whole input into a row.</summary>
    /// <param name="second">Where the second text begins.</param>
    public void SetPair(int row, ReadOnlySpan<int> ids, int second)
    {
        SetRow(row, ids);
        Types.Span.Slice(row * Length + second, ids.Length - second).Fill(1);
    }

    /// <summary>Number of tokens in a row, padding left out.</summary>
    public int TokensOf(int row) => (int)System.Numerics.Tensors.TensorPrimitives.Sum<long>(
        Mask.Span.Slice(row * Length, Length));
}
