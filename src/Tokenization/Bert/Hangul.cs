namespace Rag.Tokenization.Bert;

/// <summary>Hangul syllables decompose by arithmetic (The Unicode Standard, section 3.12).</summary>
internal static class Hangul
{
    /// <summary>First syllable.</summary>
    public const int First = 0xAC00;

    /// <summary>Last syllable.</summary>
    public const int Last = 0xD7A3;

    private const int Vowels = 21;
    private const int Finals = 28;

    /// <summary>The letters of a syllable; <paramref name="final"/> is 0 where there is none.</summary>
    public static void Decompose(int syllable, out int lead, out int vowel, out int final)
    {
        var index = syllable - First;
        lead = 0x1100 + (index / (Vowels * Finals));
        vowel = 0x1161 + (index % (Vowels * Finals) / Finals);
        final = index % Finals is var number and not 0 ? 0x11A7 + number : 0;
    }
}
