using System.Collections.Concurrent;
using System.Runtime.CompilerServices;

namespace Rag.Tokenization.Bert;

/// <summary>
/// Every code point's fate under one <see cref="BertNormalization"/>, in one look-up. Immutable.
/// </summary>
/// <remarks>
/// <code>
/// entry (32 bits)  [ offset of the parts : 20 ][ combining class : 8 ][ CharacterKind : 4 ]
/// part  (32 bits)  [ combining class : 8 ][ CharacterKind : 3 ][ code point : 21 ]
/// </code>
/// Two stages: code point / 256 selects a block, equal blocks are stored once (most of the planes are one block).
/// The combining class is kept only for characters that survive accent stripping, since others cannot be seen out of
/// order.
/// </remarks>
internal sealed class CharacterTable
{
    private const int BlockBits = 8;
    private const int BlockSize = 1 << BlockBits;
    private const int CodePoints = 0x110000;

    private static readonly ConcurrentDictionary<BertNormalization, Lazy<CharacterTable>> Cache = new();

    private readonly ushort[] _blocks;
    private readonly uint[] _entries;
    private readonly uint[] _parts;

    private CharacterTable(ushort[] blocks, uint[] entries, uint[] parts)
    {
        _blocks = blocks;
        _entries = entries;
        _parts = parts;
    }

    /// <summary>The table for a normalisation, made once a process.</summary>
    public static CharacterTable For(BertNormalization normalization) =>
        Cache.GetOrAdd(normalization, key => new Lazy<CharacterTable>(() => Build(key))).Value;

    /// <summary>The entry of a code point from 0 to 0x10FFFF.</summary>
    public uint this[int codePoint]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get => _entries[(_blocks[codePoint >> BlockBits] << BlockBits) | (codePoint & (BlockSize - 1))];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static CharacterKind KindOf(uint entry) => (CharacterKind)(entry & 0xF);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static int CombiningClassOf(uint entry) => (int)(entry >> 4) & 0xFF;

    /// <summary>The characters that a mapped one stands for.</summary>
    public ReadOnlySpan<uint> PartsOf(uint entry)
    {
        var offset = (int)(entry >> 12);
        return _parts.AsSpan(offset + 1, (int)_parts[offset]);
    }

    public static int CodePointOfPart(uint part) => (int)(part & 0x1FFFFF);

    public static CharacterKind KindOfPart(uint part) => (CharacterKind)((part >> 21) & 7);

    public static int CombiningClassOfPart(uint part) => (int)(part >> 24);

    /// <summary>A character that is not mapped, as a part.</summary>
    public static uint PartFor(int codePoint, uint entry) => Part(codePoint, KindOf(entry), CombiningClassOf(entry));

    /// <summary>Combining class of a character that normalisation has let through.</summary>
    public int ClassOfPlain(int codePoint) => CombiningClassOf(this[codePoint]);

    /// <summary>
    /// Whole ranges are filled first; then each character of which more is to be said gets its own entry.
    /// </summary>
    private static CharacterTable Build(BertNormalization normalization)
    {
        var data = CharacterData.Load();
        var facts = new CharacterFacts(data);
        var parts = new List<uint>();
        var entries = new uint[CodePoints];
        if (normalization.IsolateIdeographs)
            Fill(entries, data.Ideographs, CharacterKind.Ideograph);
        Fill(entries, data.Punctuation, CharacterKind.Punctuation);
        Fill(entries, data.Spaces, CharacterKind.Space);
        if (normalization.CleanText)
            Fill(entries, data.Dropped, CharacterKind.Drop);
        if (normalization.StripAccents)
            entries.AsSpan(Hangul.First, Hangul.Last - Hangul.First + 1).Fill((uint)CharacterKind.Hangul);
        foreach (var codePoint in facts.Special)
            entries[codePoint] = EntryOf(codePoint, normalization, data, facts, parts);
        return Compress(entries, [.. parts]);
    }

    private static void Fill(uint[] entries, List<(int First, int Last)> ranges, CharacterKind kind)
    {
        foreach (var (first, last) in ranges)
            entries.AsSpan(first, last - first + 1).Fill((uint)kind);
    }

    private static uint EntryOf(
        int codePoint, BertNormalization normalization, CharacterData data, CharacterFacts facts, List<uint> parts)
    {
        if (normalization.CleanText && facts.IsDropped(codePoint))
            return (uint)CharacterKind.Drop;
        if (facts.IsSpace(codePoint))
            return (uint)CharacterKind.Space;
        var sequence = new List<uint>();
        var isolated = normalization.IsolateIdeographs && facts.IsIdeograph(codePoint);
        if (isolated)
            sequence.Add(Part(' ', CharacterKind.Space, 0));
        foreach (var part in Sequence(codePoint, normalization.StripAccents ? data.Decompositions : null))
            Append(part, normalization, data, facts, sequence);
        if (isolated)
            sequence.Add(Part(' ', CharacterKind.Space, 0));

        if (sequence.Count == 0)
            return (uint)CharacterKind.Drop;
        if (sequence is [var only]
            && (CodePointOfPart(only) == codePoint || KindOfPart(only) == CharacterKind.Barrier))
            return (uint)KindOfPart(only) | ((uint)CombiningClassOfPart(only) << 4);

        var offset = parts.Count;
        parts.Add((uint)sequence.Count);
        parts.AddRange(sequence);
        return (uint)CharacterKind.Mapped | ((uint)offset << 12);
    }

    private static void Append(
        int codePoint, BertNormalization normalization, CharacterData data, CharacterFacts facts, List<uint> sequence)
    {
        // Without decomposition nothing is reordered, so classes are not kept then.
        var combiningClass = normalization.StripAccents ? facts.CombiningClassOf(codePoint) : 0;
        if (normalization.StripAccents && facts.IsMark(codePoint))
        {
            if (combiningClass == 0)
                sequence.Add(Part(0, CharacterKind.Barrier, 0));
            return;
        }

        foreach (var lower in Sequence(codePoint, normalization.Lowercase ? data.LowerCase : null))
        {
            var kind = facts.IsSpace(lower) ? CharacterKind.Space
                : facts.IsPunctuation(lower) ? CharacterKind.Punctuation
                : CharacterKind.Word;
            sequence.Add(Part(lower, kind, combiningClass));
        }
    }

    private static int[] Sequence(int codePoint, Dictionary<int, int[]>? mappings) =>
        mappings is not null && mappings.TryGetValue(codePoint, out var mapped) ? mapped : [codePoint];

    private static uint Part(int codePoint, CharacterKind kind, int combiningClass) =>
        (uint)codePoint | ((uint)kind << 21) | ((uint)combiningClass << 24);

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static CharacterTable Compress(uint[] entries, uint[] parts)
    {
        var blocks = new ushort[CodePoints / BlockSize];
        var stored = new uint[64 * BlockSize];
        var count = 0;
        for (var block = 0; block < blocks.Length; block++)
        {
            // Most blocks are like the one before or like the first; the others are few.
            var content = entries.AsSpan(block << BlockBits, BlockSize);
            var found = block > 0 && Matches(stored, blocks[block - 1], content) ? blocks[block - 1] : 0;
            while (found < count && !Matches(stored, found, content))
                found++;
            if (found == count)
            {
                if ((count + 1) * BlockSize > stored.Length)
                    Array.Resize(ref stored, stored.Length * 2);
                content.CopyTo(stored.AsSpan(count++ << BlockBits));
            }

            blocks[block] = (ushort)found;
        }

        return new CharacterTable(blocks, stored.AsSpan(0, count << BlockBits).ToArray(), parts);
    }

    private static bool Matches(uint[] stored, int block, ReadOnlySpan<uint> content) =>
        stored.AsSpan(block << BlockBits, BlockSize).SequenceEqual(content);
}
