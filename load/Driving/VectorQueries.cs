using System.Runtime.InteropServices;
using System.Text;
using Rag.Hosting.Wire;
using Rag.Load.Data;
using Rag.Load.Scenarios;

namespace Rag.Load.Driving;

/// <summary>
/// Searches by vector as the bytes of a rag.v1.SearchRequest, made when they are first sent and kept, so that sending does
/// not cost more than being served. One thread at a time.
/// </summary>
internal sealed class VectorQueries(TrafficSpec traffic, Corpus corpus)
{
    /// <summary>Each workspace has so many different queries.</summary>
    public const int PerWorkspace = 8;

    private const int MostBytes = 256 << 20;
    private const int DefaultK = 10;

    // SearchRequest
    private const byte Workspace = 1 << 3 | 2;
    private const byte VectorField = 4 << 3 | 2;
    private const byte K = 5 << 3 | 0;
    private const byte RecallTarget = 9 << 3 | 5;

    // Vector
    private const byte Packed = 2 << 3 | 2;

    private readonly byte[]?[] _known = new byte[corpus.Data.Workspaces * PerWorkspace][];
    private readonly WireBuffer _buffer = new();
    private long _bytes;

    /// <summary>The number of a query that is one of those kept.</summary>
    public static int NumberOf(int number) => number % PerWorkspace;

    /// <summary>The search of an operation, whose number is one of those kept. Good until the next call.</summary>
    public ReadOnlySpan<byte> Get(Operation operation)
    {
        ref var known = ref _known[operation.Workspace * PerWorkspace + operation.Number];
        if (known is not null)
            return known;
        Encode(operation);
        if (_bytes + _buffer.Length > MostBytes)
            return _buffer.Written;
        _bytes += _buffer.Length;
        return known = _buffer.Written.ToArray();
    }

    private void Encode(Operation operation)
    {
        Span<float> vector = stackalloc float[corpus.Data.Dimension];
        corpus.QueryVector(operation.Workspace, operation.Number, vector);
        _buffer.Clear();
        _buffer.Bytes(Workspace, Encoding.UTF8.GetBytes(Corpus.WorkspaceName(operation.Workspace)));
        var start = _buffer.Begin(VectorField);
        _buffer.Bytes(Packed, MemoryMarshal.AsBytes(vector));
        _buffer.End(start);
        if (traffic.K != DefaultK)
            _buffer.Varint(K, (ulong)traffic.K);
        if (traffic.RecallTarget > 0)
            _buffer.Fixed32(RecallTarget, (float)traffic.RecallTarget);
    }
}
