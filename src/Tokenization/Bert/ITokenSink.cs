using System.Runtime.CompilerServices;

namespace Rag.Tokenization.Bert;

/// <summary>
/// What becomes of the tokens: counted, kept, or kept with offsets. Structs, so that each costs its own only.
/// </summary>
internal interface ITokenSink
{
    static abstract bool WantsOffsets { get; }

    int Count { get; }

    void Add(int id, int start, int end);

    void CutTo(int count);
}

/// <summary>Counts.</summary>
internal struct CountingSink : ITokenSink
{
    public static bool WantsOffsets => false;

    public int Count { get; private set; }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id, int start, int end) => Count++;

    public void CutTo(int count) => Count = Math.Min(Count, count);
}

/// <summary>Keeps ids.</summary>
internal readonly struct IdSink(TokenBuffer buffer) : ITokenSink
{
    public static bool WantsOffsets => false;

    public int Count => buffer.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id, int start, int end) => buffer.Add(id);

    public void CutTo(int count) => buffer.CutTo(count);
}

/// <summary>Keeps ids and offsets.</summary>
internal readonly struct OffsetSink(TokenBuffer buffer) : ITokenSink
{
    public static bool WantsOffsets => true;

    public int Count => buffer.Count;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(int id, int start, int end) => buffer.Add(id, new TokenOffset(start, end));

    public void CutTo(int count) => buffer.CutTo(count);
}
