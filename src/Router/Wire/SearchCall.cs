using System.Runtime.InteropServices;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Microsoft.Extensions.ObjectPool;
using Rag.Hosting.Wire;
using Rag.V1;

namespace Rag.Router.Wire;

/// <summary>
/// A search as it came over a socket. A plain one, by a vector of the default space and with nothing out of the ordinary,
/// lies in memory that is used again by other searches; any other is a message. Not thread-safe.
/// </summary>
internal sealed class SearchCall
{
    /// <summary>Longest name of a workspace that a plain search has.</summary>
    public const int MaxName = 256;

    /// <summary>Most components of a vector that a plain search has.</summary>
    public const int MaxDimension = 4096;

    /// <summary>Most hits of a plain search, so that an answer stays small.</summary>
    public const int MaxK = 256;

    private const int Alignment = 64;

    private static readonly ObjectPool<SearchCall> Pool =
        new DefaultObjectPool<SearchCall>(new DefaultPooledObjectPolicy<SearchCall>(), 512);

    private readonly char[] _name = new char[MaxName];
    private int _nameLength;

    // Pinned, so that it stays where its first component stands on a line of the cache.
    private float[] _components = [];
    private int _first;
    private int _dimension;

    /// <summary>The caller's own number; streams only.</summary>
    public ulong CorrelationId { get; set; }

    /// <summary>How long it may take; null for the default. Streams only.</summary>
    public Duration? Timeout { get; set; }

    /// <summary>The search where it is not plain; null in a stream's item that holds none.</summary>
    public SearchRequest? Message { get; set; }

    /// <summary>Whether the members below hold it.</summary>
    public bool IsPlain { get; set; }

    /// <summary>Whether it has passed the gate and the door.</summary>
    public bool IsAdmitted { get; set; }

    public ReadOnlySpan<char> Workspace => _name.AsSpan(0, _nameLength);

    /// <summary>The workspace's name as a string; empty where there is no search.</summary>
    public string WorkspaceName => IsPlain ? new string(Workspace) : Message?.Workspace ?? "";

    public int Dimension => _dimension;

    public ReadOnlyMemory<float> Vector => _components.AsMemory(_first, _dimension);

    /// <summary>1 to <see cref="MaxK"/>; 0 for the default.</summary>
    public int K { get; set; }

    public SearchRequest.EffortOneofCase Effort { get; set; }

    public float RecallTarget { get; set; }

    public int Ef { get; set; }

    public bool Exact { get; set; }

    /// <summary>What hits carry; null for the default.</summary>
    public HitFields? Fields { get; set; }

    /// <summary>A call to be filled.</summary>
    public static SearchCall Rent() => Pool.Get();

    /// <summary>A call that holds a message.</summary>
    public static SearchCall Of(SearchRequest? message)
    {
        var call = Rent();
        call.Message = message;
        return call;
    }

    /// <summary>Gives it back; it must not be used any more.</summary>
    public void Return()
    {
        Clear();
        Pool.Return(this);
    }

    /// <summary>Forgets what it holds.</summary>
    public void Clear()
    {
        CorrelationId = 0;
        Timeout = null;
        Message = null;
        IsPlain = false;
        IsAdmitted = false;
        _nameLength = 0;
        _dimension = 0;
        K = 0;
        Effort = SearchRequest.EffortOneofCase.None;
        RecallTarget = 0;
        Ef = 0;
        Exact = false;
        Fields = null;
    }

    /// <summary>Takes the name; false for one that is no plain ASCII.</summary>
    public bool TrySetWorkspace(ReadOnlySpan<byte> name)
    {
        if (name.Length is 0 or > MaxName)
            return false;
        for (var i = 0; i < name.Length; i++)
        {
            if (name[i] is < 0x20 or >= 0x7F)
                return false;
            _name[i] = (char)name[i];
        }

        _nameLength = name.Length;
        return true;
    }

    /// <summary>Takes the packed vector; false for one that is no vector.</summary>
    public bool TrySetVector(ReadOnlySpan<byte> packed)
    {
        var dimension = packed.Length / sizeof(float);
        if (!BitConverter.IsLittleEndian || packed.Length % sizeof(float) != 0 || dimension is 0 or > MaxDimension)
            return false;
        if (_components.Length - _first < dimension)
            Allocate(dimension);
        _dimension = dimension;
        packed.CopyTo(MemoryMarshal.AsBytes(_components.AsSpan(_first)));
        return true;
    }

    /// <summary>The search as a message of its own.</summary>
    public SearchRequest? ToMessage()
    {
        if (!IsPlain)
            return Message;
        var message = new SearchRequest
        {
            Workspace = WorkspaceName,
            Vector = new Vector { Packed = ByteString.CopyFrom(MemoryMarshal.AsBytes(Vector.Span)) },
            K = K,
        };
        switch (Effort)
        {
            case SearchRequest.EffortOneofCase.RecallTarget:
                message.RecallTarget = RecallTarget;
                break;
            case SearchRequest.EffortOneofCase.Ef:
                message.Ef = Ef;
                break;
            case SearchRequest.EffortOneofCase.Exact:
                message.Exact = Exact;
                break;
        }

        if (Fields is { } fields)
        {
            message.ReturnFields = new ReturnFields
            {
                Text = (fields & HitFields.Text) != 0,
                Metadata = (fields & HitFields.Metadata) != 0,
                Passage = (fields & HitFields.Passage) != 0,
            };
        }

        return message;
    }

    private void Allocate(int dimension)
    {
        _components = GC.AllocateUninitializedArray<float>(dimension + Alignment / sizeof(float), pinned: true);
        var address = Marshal.UnsafeAddrOfPinnedArrayElement(_components, 0);
        _first = (int)((Alignment - address % Alignment) % Alignment) / sizeof(float);
    }
}
