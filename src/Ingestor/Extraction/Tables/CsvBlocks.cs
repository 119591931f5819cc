using System.Globalization;
using System.Text;
using CsvHelper;
using CsvHelper.Configuration;

namespace Rag.Ingestor.Extraction;

/// <summary>Rows of a delimited table, each as "header: value; header: value", in bounded memory.</summary>
internal static class CsvBlocks
{
    public static IEnumerable<TextBlock> Read(TextReader text, char delimiter, ExtractionOptions options)
    {
        var configuration = new CsvConfiguration(CultureInfo.InvariantCulture)
        {
            Delimiter = delimiter.ToString(),
            HasHeaderRecord = false,
            BadDataFound = null,
            MissingFieldFound = null,
            IgnoreBlankLines = true,
            MaxFieldSize = options.MaxValueBytes,
            TrimOptions = TrimOptions.Trim,
            CacheFields = false,
        };
        using var parser = new CsvParser(text, configuration, leaveOpen: true);
        if (!TryRead(parser, options, out var first))
            yield break;
        var headers = IsHeader(first) ? first : null;
        var rows = 0;
        for (var row = headers is null ? first : Next(parser, options); row is not null; row = Next(parser, options))
        {
            foreach (var block in BlockSplitter.Split(BlockKind.Row, Format(headers, row), "\n"))
                yield return block;
            rows++;
        }

        if (rows == 0)
        {
            foreach (var block in BlockSplitter.Split(BlockKind.Row, Format(null, first), "\n"))
                yield return block;
        }
    }

    private static string[]? Next(CsvParser parser, ExtractionOptions options) =>
        TryRead(parser, options, out var row) ? row : null;

    private static bool TryRead(CsvParser parser, ExtractionOptions options, out string[] row)
    {
        row = [];
        try
        {
            if (!parser.Read())
                return false;
        }
        catch (MaxFieldSizeException tooLong)
        {
            throw ExtractionException.Limit(
                $"Row {parser.Row:N0} holds a field of more than {options.MaxValueBytes >> 20:N0} MiB; a quote may be missing.",
                tooLong);
        }
        catch (CsvHelperException broken)
        {
            throw ExtractionException.Corrupt(
                $"Row {parser.Row:N0} of the table cannot be read; correct it and send the file again.", broken);
        }

        row = parser.Record ?? [];
        return true;
    }

    /// <summary>A first row names columns when its fields are filled, differ, and none is a number.</summary>
    private static bool IsHeader(string[] row) =>
        row.Length > 0
        && row.All(field => field.Length is > 0 and <= 128)
        && row.Distinct(StringComparer.OrdinalIgnoreCase).Count() == row.Length
        && !row.Any(field => double.TryParse(field, NumberStyles.Any, CultureInfo.InvariantCulture, out _));

    private static string Format(string[]? headers, string[] row)
    {
        var text = new StringBuilder();
        for (var i = 0; i < row.Length; i++)
        {
            var value = CleanText.Collapsed(row[i]);
            if (value.Length == 0)
                continue;
            if (text.Length > 0)
                text.Append(headers is null ? " | " : "; ");
            if (headers is not null && i < headers.Length)
                text.Append(CleanText.Collapsed(headers[i])).Append(": ");
            text.Append(value);
        }

        return text.ToString();
    }
}
