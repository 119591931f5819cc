using System.Runtime.CompilerServices;
using System.Text;

namespace Rag.Tokenization.Bert;

/// <summary>
/// The normalised word that is being read, as UTF-8, with the source range of every byte where offsets are wanted.
/// </summary>
internal ref struct WordBuffer(Span<byte> bytes, Span<int> starts, Span<int> ends)
{
    private readonly Span<byte> _bytes = bytes;
    private readonly Span<int> _starts = starts;
    private readonly Span<int> _ends = ends;
    private int _barrier;

    /// <summary>Bytes in the word.</summary>
    public int Length { get; private set; }

    /// <summary>Characters in the word, those included that no longer fit.</summary>
    public int Characters { get; private set; }

    /// <summary>First source unit of the word.</summary>
    public int SourceStart { get; private set; }

    /// <summary>Unit after the last of the word.</summary>
    public int SourceEnd { get; private set; }

    public readonly ReadOnlySpan<byte> Bytes => _bytes[..Length];

    public readonly int StartOf(int position) => _starts[position];

    public readonly int EndOf(int position) => _ends[position];

    public void Clear()
    {
        Length = 0;
        Characters = 0;
        _barrier = 0;
    }

    /// <summary>Marks are not reordered across this point.</summary>
    public void SetBarrier() => _barrier = Length;

    /// <summary>Adds a character that came from source units <paramref name="start"/> to <paramref name="end"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Append(int codePoint, int combiningClass, int start, int end, CharacterTable characters)
    {
        if (Characters == 0)
            SourceStart = start;
        SourceEnd = end;
        Characters++;
        if (Length + 4 > _bytes.Length)
            return; // Longer than any word that is looked up: only counted.

        var from = Length;
        if (codePoint < 0x80)
            _bytes[Length++] = (byte)codePoint;
        else
            Length += new Rune(codePoint).EncodeToUtf8(_bytes[Length..]);
        for (var i = from; i < Length && i < _starts.Length; i++)
        {
            _starts[i] = start;
            _ends[i] = end;
        }

        if (combiningClass == 0)
            _barrier = Length;
        else
            Reorder(from, combiningClass, characters);
    }

    /// <summary>
    /// Canonical order: the character that was just added goes before those of a higher combining class. Only marks that
    /// stripping leaves are ever here, so this is rare.
    /// </summary>
    [MethodImpl(MethodImplOptions.NoInlining)]
    private readonly void Reorder(int from, int combiningClass, CharacterTable characters)
    {
        var target = from;
        while (target > _barrier)
        {
            Rune.DecodeLastFromUtf8(_bytes[..target], out var previous, out var size);
            if (characters.ClassOfPlain(previous.Value) <= combiningClass)
                break;
            target -= size;
        }

        if (target == from)
            return;
        Rotate(_bytes[target..Length], from - target);
        if (_starts.Length > 0)
        {
            Rotate(_starts[target..Length], from - target);
            Rotate(_ends[target..Length], from - target);
        }
    }

    private static void Rotate<T>(Span<T> span, int by)
    {
        span[..by].Reverse();
        span[by..].Reverse();
        span.Reverse();
    }
}
