using System.Collections;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>
/// Searches, one on each line: a text, as it is or as a JSON string, or a rag.v1.SearchRequest as JSON. What a line does
/// not say is as the options of the command say.
/// </summary>
internal static class SearchLines
{
    /// <summary>Most that one call takes.</summary>
    public const int AtATime = 1000;

    /// <param name="path">The file; - for the input.</param>
    /// <param name="defaults">What the options say.</param>
    /// <exception cref="CliException">There is no such file, or a line is no search.</exception>
    public static IEnumerable<SearchRequest> Read(string path, SearchRequest defaults, Terminal terminal)
    {
        using var lines = path == "-" ? null : InputLines.Open(path);
        var number = 0;
        foreach (var line in InputLines.ReadTexts(lines ?? terminal.In))
        {
            number++;
            if (string.IsNullOrWhiteSpace(line))
                continue;
            var search = defaults.Clone();
            if (line.TrimStart().StartsWith('{'))
                Replace(search, InputLines.Parse<SearchRequest>(line, number, "rag.v1.SearchRequest"));
            else
                search.Text = line;
            yield return search;
        }
    }

    // Merging alone would mix a filter of the line with that of the options, and add up lists.
    private static void Replace(SearchRequest search, SearchRequest line)
    {
        foreach (var field in SearchRequest.Descriptor.Fields.InFieldNumberOrder())
        {
            var isSaid = field.IsRepeated ? ((ICollection)field.Accessor.GetValue(line)).Count > 0
                : field.HasPresence && field.Accessor.HasValue(line);
            if (isSaid)
                field.Accessor.Clear(search);
        }

        search.MergeFrom(line);
    }
}
