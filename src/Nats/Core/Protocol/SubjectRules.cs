using System.Buffers;

namespace NATS.Client.Core.Protocol;

/// <summary>What a subject may look like. It also keeps line breaks, and with them foreign commands, out of the wire.</summary>
internal static class SubjectRules
{
    private static readonly SearchValues<char> Blanks = SearchValues.Create(" \t\r\n\0\f\v");
    private static readonly SearchValues<char> BlanksAndWildcards = SearchValues.Create(" \t\r\n\0\f\v*>");

    /// <summary>Not empty, no empty token, no white space, no wildcard token.</summary>
    public static bool IsPublishable(string? subject)
    {
        if (!HasTokens(subject))
            return false;
        // A '*' inside of a token is a letter like any other; only few subjects have one.
        return !subject.AsSpan().ContainsAny(BlanksAndWildcards)
            || (!subject.AsSpan().ContainsAny(Blanks) && !subject!.Split('.').Any(token => token is "*" or ">"));
    }

    /// <summary>As <see cref="IsPublishable"/>, and wildcards may stand: * anywhere, > at the end.</summary>
    public static bool IsSubscribable(string? subject)
    {
        if (!HasTokens(subject) || subject.AsSpan().ContainsAny(Blanks))
            return false;
        var full = subject.AsSpan().IndexOf('>');
        return full < 0 || full == subject!.Length - 1 || subject.Split('.')[..^1].All(token => token != ">");
    }

    /// <summary>A queue group's name: not empty, no white space.</summary>
    public static bool IsQueueGroup(string group) => group.Length > 0 && !group.AsSpan().ContainsAny(Blanks);

    /// <exception cref="ArgumentException">It is no subject to publish to.</exception>
    public static void CheckPublishable(string? subject, string parameter)
    {
        if (!IsPublishable(subject))
            Throw(subject, "tokens separated by dots, without white space and wildcards", parameter);
    }

    /// <exception cref="ArgumentException">It is no subject to subscribe to.</exception>
    public static void CheckSubscribable(string? subject, string parameter)
    {
        if (!IsSubscribable(subject))
            Throw(subject, "tokens separated by dots, without white space, '>' only as the last one", parameter);
    }

    private static bool HasTokens(string? subject) =>
        !string.IsNullOrEmpty(subject) && subject[0] != '.' && subject[^1] != '.'
        && !subject.Contains("..", StringComparison.Ordinal);

    private static void Throw(string? subject, string rule, string parameter) =>
        throw new ArgumentException($"'{subject?.ReplaceLineEndings("\\n")}' is no subject: {rule}.", parameter);
}
