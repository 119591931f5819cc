using System.Runtime.CompilerServices;

namespace Rag.Tokenization;

/// <summary>
/// Receives tokens and, where asked for, their offsets. It grows as needed and keeps its memory for the next text.
/// Not safe for concurrent use: one buffer a thread, or rented.
/// </summary>
/// <param name="withOffsets">Whether <see cref="Offsets"/> is filled; costs a little speed.</param>
public sealed class TokenBuffer(bool withOffsets = false)
{
    private int[] _ids = new int[256];
    private TokenOffset[] _offsets = withOffsets ? new TokenOffset[256] : [];
    private int _count;

    /// <summary>Whether offsets are kept.</summary>
    public bool WithOffsets { get; } = withOffsets;

    /// <summary>Number of tokens held.</summary>
    public int Count => _count;

    /// <summary>The ids; valid until the next call that fills or clears this buffer.</summary>
    public ReadOnlySpan<int> Ids => _ids.AsSpan(0, _count);

    /// <summary>
    /// One offset for each id, or empty without <see cref="WithOffsets"/>; valid until the next call that fills or
    /// clears this buffer.
    /// </summary>
    public ReadOnlySpan<TokenOffset> Offsets => WithOffsets ? _offsets.AsSpan(0, _count) : [];

    /// <summary>Forgets the content and keeps the memory.</summary>
    public void Clear() => _count = 0;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(int id)
    {
        var ids = _ids;
        if ((uint)_count < (uint)ids.Length)
            ids[_count++] = id;
        else
            AddSlow(id, default);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    internal void Add(int id, TokenOffset offset)
    {
        if ((uint)_count < (uint)_ids.Length && (uint)_count < (uint)_offsets.Length)
        {
            _offsets[_count] = offset;
            _ids[_count++] = id;
        }
        else
        {
            AddSlow(id, offset);
        }
    }

    internal void CutTo(int count) => _count = Math.Min(_count, count);

    [MethodImpl(MethodImplOptions.NoInlining)]
    private void AddSlow(int id, TokenOffset offset)
    {
        Array.Resize(ref _ids, checked(_ids.Length * 2));
        if (WithOffsets)
        {
            Array.Resize(ref _offsets, _ids.Length);
            _offsets[_count] = offset;
        }

        _ids[_count++] = id;
    }
}
