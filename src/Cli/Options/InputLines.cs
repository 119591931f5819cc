using System.Text.Json;
using Google.Protobuf;

namespace Rag.Cli.Options;

/// <summary>What verbs read line by line, from a file or their input.</summary>
internal static class InputLines
{
    /// <exception cref="CliException">There is no such file.</exception>
    public static StreamReader Open(string path)
    {
        try
        {
            return new StreamReader(path);
        }
        catch (Exception fault) when (fault is IOException or UnauthorizedAccessException)
        {
            throw new CliException($"'{path}' cannot be read: {fault.Message}", ExitCode.Usage);
        }
    }

    /// <summary>A line that is a JSON string stands for what it says; any other line for itself.</summary>
    public static IEnumerable<string> ReadTexts(TextReader input)
    {
        while (input.ReadLine() is { } line)
            yield return IsJsonString(line, out var text) ? text : line;
    }

    /// <summary>The message that a line holds as JSON.</summary>
    /// <param name="line">The line.</param>
    /// <param name="number">Its number, from 1.</param>
    /// <param name="kind">What it should be, for people.</param>
    /// <exception cref="CliException">It holds none.</exception>
    public static T Parse<T>(string line, int number, string kind)
        where T : IMessage, new()
    {
        try
        {
            return JsonParser.Default.Parse<T>(line);
        }
        catch (Exception fault) when (fault is InvalidProtocolBufferException or InvalidJsonException)
        {
            throw new CliException($"Line {number} is no {kind}: {fault.Message}", ExitCode.Usage);
        }
    }

    /// <summary>Whether a line is a JSON string, and what that says.</summary>
    public static bool IsJsonString(string line, out string text)
    {
        text = "";
        var trimmed = line.AsSpan().Trim();
        if (trimmed.Length < 2 || trimmed[0] != '"' || trimmed[^1] != '"')
            return false;
        try
        {
            text = JsonSerializer.Deserialize<string>(trimmed) ?? "";
            return true;
        }
        catch (JsonException)
        {
            return false; // A quoted line of prose.
        }
    }
}
