using System.Globalization;

namespace Rag.Tokenization.Bert;

/// <summary>
/// The content of characters.txt: which characters BERT drops, splits at, strips, decomposes and lowers. The runtime's
/// own tables will not do: they change with its version, and under invariant globalisation it does not decompose.
/// </summary>
internal sealed class CharacterData
{
    private CharacterData()
    {
    }

    /// <summary>Inclusive ranges of code points.</summary>
    public List<(int First, int Last)> Dropped { get; } = [];

    public List<(int First, int Last)> Spaces { get; } = [];

    public List<(int First, int Last)> Punctuation { get; } = [];

    public List<(int First, int Last)> Marks { get; } = [];

    public List<(int First, int Last)> Ideographs { get; } = [];

    public List<(int First, int Last, byte Class)> CombiningClasses { get; } = [];

    public Dictionary<int, int[]> Decompositions { get; } = [];

    public Dictionary<int, int[]> LowerCase { get; } = [];

    /// <summary>Reads the embedded table; a few milliseconds.</summary>
    public static CharacterData Load()
    {
        var data = new CharacterData();
        using var stream = typeof(CharacterData).Assembly.GetManifestResourceStream("Rag.Tokenization.characters.txt")
            ?? throw new InvalidOperationException("characters.txt is not embedded.");
        using var reader = new StreamReader(stream);
        while (reader.ReadLine() is { } line)
        {
            if (line.Length > 0 && line[0] != '#')
                data.Read(line);
        }

        return data;
    }

    private static int ParseHex(ReadOnlySpan<char> text) =>
        int.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    private void Read(string line)
    {
        var words = line.Split(' ');
        switch (words[0])
        {
            case "drop":
                ReadRanges(words.AsSpan(1), Dropped);
                break;
            case "space":
                ReadRanges(words.AsSpan(1), Spaces);
                break;
            case "punct":
                ReadRanges(words.AsSpan(1), Punctuation);
                break;
            case "mark":
                ReadRanges(words.AsSpan(1), Marks);
                break;
            case "cjk":
                ReadRanges(words.AsSpan(1), Ideographs);
                break;
            case "ccc":
                var ranges = new List<(int First, int Last)>();
                ReadRanges(words.AsSpan(2), ranges);
                var combiningClass = byte.Parse(words[1], CultureInfo.InvariantCulture);
                foreach (var (first, last) in ranges)
                    CombiningClasses.Add((first, last, combiningClass));
                break;
            case "nfd":
                ReadMappings(words.AsSpan(1), Decompositions);
                break;
            case "lower":
                ReadMappings(words.AsSpan(1), LowerCase);
                break;
            default:
                throw new InvalidDataException($"characters.txt has an unknown line '{words[0]}'.");
        }
    }

    private static void ReadRanges(ReadOnlySpan<string> words, List<(int First, int Last)> ranges)
    {
        foreach (var word in words)
        {
            var dash = word.IndexOf('-', StringComparison.Ordinal);
            var first = ParseHex(dash < 0 ? word : word.AsSpan(0, dash));
            ranges.Add((first, dash < 0 ? first : ParseHex(word.AsSpan(dash + 1))));
        }
    }

    private static void ReadMappings(ReadOnlySpan<string> words, Dictionary<int, int[]> mappings)
    {
        foreach (var word in words)
        {
            var equals = word.IndexOf('=', StringComparison.Ordinal);
            mappings[ParseHex(word.AsSpan(0, equals))] =
                [.. word[(equals + 1)..].Split('+').Select(part => ParseHex(part))];
        }
    }
}
