using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Text;

namespace Rag.Tokenization.Bert;

/// <summary>
/// The whole words of the vocabulary that are ASCII letters and digits, at most 15 bytes: what most words of a text are.
/// Open addressing; the key is the word itself, zero-padded to 16 bytes as the scanner has it in a register. Immutable.
/// </summary>
internal sealed class WordTable
{
    /// <summary>Longest word in bytes.</summary>
    public const int MaxLength = 15;

    private readonly Slot[] _slots;
    private readonly int _shift;

    private WordTable(Slot[] slots, int shift)
    {
        _slots = slots;
        _shift = shift;
    }

    /// <summary>Builds the table; <paramref name="vocabulary"/>[id] is the token of that id.</summary>
    public static WordTable Build(IReadOnlyList<string?> vocabulary)
    {
        var words = new List<(Vector128<byte> Key, int Id)>();
        Span<byte> key = stackalloc byte[16];
        for (var id = 0; id < vocabulary.Count; id++)
        {
            var token = vocabulary[id];
            if (token is null or "" || token.Length > MaxLength || !token.All(char.IsAsciiLetterOrDigit))
                continue;
            key.Clear();
            Encoding.ASCII.GetBytes(token, key);
            words.Add((Vector128.Create<byte>(key), id));
        }

        // At most half full, so that a probe for an absent word ends soon.
        var bits = BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)Math.Max(words.Count * 2, 16)));
        var table = new WordTable(new Slot[1 << bits], 64 - bits);
        foreach (var (word, id) in words)
            table.Insert(word, id);
        return table;
    }

    /// <summary>The id of a word, or -1.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int Find(Vector128<byte> key)
    {
        var low = key.AsUInt64().ToScalar();
        var high = key.AsUInt64().GetElement(1);
        var slots = _slots;
        var index = Hash(low, high, _shift);
        while (true)
        {
            ref readonly var slot = ref slots[index & (slots.Length - 1)];
            if (slot.Low == low && slot.High == high)
                return slot.Id;
            if (slot.Low == 0)
                return -1;
            index++;
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static int Hash(ulong low, ulong high, int shift) =>
        (int)(((low * 0x9E3779B97F4A7C15) + (high * 0xC2B2AE3D27D4EB4F)) >> shift);

    private void Insert(Vector128<byte> key, int id)
    {
        var low = key.AsUInt64().ToScalar();
        var high = key.AsUInt64().GetElement(1);
        var index = Hash(low, high, _shift);
        while (_slots[index & (_slots.Length - 1)].Low != 0)
            index++;
        _slots[index & (_slots.Length - 1)] = new Slot { Low = low, High = high, Id = id };
    }

    private struct Slot
    {
        public ulong Low;
        public ulong High;
        public int Id;
    }
}
