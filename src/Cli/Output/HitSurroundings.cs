using System.Text.Json;
using Google.Protobuf.Collections;
using Rag.V1;
using Spectre.Console;

namespace Rag.Cli.Output;

/// <summary>Prints what a hit is shown with: its text or the part of it with the words, and its neighbours.</summary>
internal static class HitSurroundings
{
    private const string Indent = "     ";

    public static void Write(IAnsiConsole console, SearchHit hit)
    {
        var dim = new Style(decoration: Decoration.Dim);
        foreach (var chunk in hit.ChunksBefore)
            console.Write(new Text($"{Indent}{SearchResults.Snippet(chunk.Text)}{Environment.NewLine}", dim));
        if (hit.Snippet is { } snippet)
            WriteMarked(console, snippet);
        else
            console.WriteLine(Indent + SearchResults.Snippet(hit.Text));
        foreach (var chunk in hit.ChunksAfter)
            console.Write(new Text($"{Indent}{SearchResults.Snippet(chunk.Text)}{Environment.NewLine}", dim));
    }

    public static void WriteJson(Utf8JsonWriter json, Snippet snippet)
    {
        json.WriteStartObject("snippet");
        json.WriteString("text", snippet.Text);
        json.WriteNumber("start", snippet.StartOffset);
        json.WriteNumber("end", snippet.EndOffset);
        json.WriteStartArray("matches");
        foreach (var match in snippet.Matches)
        {
            json.WriteStartArray();
            json.WriteNumberValue(match.StartOffset);
            json.WriteNumberValue(match.EndOffset);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    /// <summary>Neighbours on one side; nothing where there are none.</summary>
    public static void WriteJson(Utf8JsonWriter json, string name, RepeatedField<Chunk> chunks)
    {
        if (chunks.Count == 0)
            return;
        json.WriteStartArray(name);
        foreach (var chunk in chunks)
        {
            json.WriteStartObject();
            json.WriteString("chunk", chunk.ChunkId);
            json.WriteString("text", chunk.Text);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteMarked(IAnsiConsole console, Snippet snippet)
    {
        var at = 0;
        console.Write(new Text(Indent));
        foreach (var match in snippet.Matches)
        {
            var (start, end) = (match.StartOffset - snippet.StartOffset, match.EndOffset - snippet.StartOffset);
            console.Write(new Text(InLine(snippet.Text[at..start])));
            console.Write(new Text(InLine(snippet.Text[start..end]), new Style(Color.Yellow, decoration: Decoration.Bold)));
            at = end;
        }

        console.WriteLine(InLine(snippet.Text[at..]));
    }

    private static string InLine(string text) => text.ReplaceLineEndings(" ");
}
