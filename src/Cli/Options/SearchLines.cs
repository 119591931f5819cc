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
        var input = lines ?? terminal.In;
        while (input.ReadLine() is { } line)
        {
            number++;
            // What a JSON string says is a text, also where that begins like a request.
            var isText = InputLines.IsJsonString(line, out var text);
            if (string.IsNullOrWhiteSpace(isText ? text : line))
                continue;
            var search = defaults.Clone();
            if (isText || !line.TrimStart().StartsWith('{'))
                search.Text = isText ? text : line;
            else
                Replace(search, InputLines.Parse<SearchRequest>(line, number, "rag.v1.SearchRequest"));
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
