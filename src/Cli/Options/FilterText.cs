using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>
/// Takes conditions apart that are joined by <c>&amp;&amp;</c>, <c>||</c>, <c>!</c> and parentheses; && binds more
/// tightly than ||. Within double quotes nothing joins, nor within parentheses that a value itself opens.
/// </summary>
internal ref struct FilterText(string text)
{
    // The server's own limit is lower; this one bounds the recursion.
    private const int MaxDepth = 32;

    private int _at;
    private int _depth;

    /// <exception cref="CliException">It is malformed.</exception>
    public Filter Parse()
    {
        var filter = Any();
        return _at == text.Length ? filter : throw Malformed("a parenthesis is closed that was not opened");
    }

    private Filter Any() => Joined("||", static (ref FilterText rest) => rest.All(), Where.Any);

    private Filter All() => Joined("&&", static (ref FilterText rest) => rest.One(), Where.All);

    private Filter Joined(string sign, Part part, Func<IEnumerable<Filter>, Filter> join)
    {
        var parts = new List<Filter> { part(ref this) };
        while (Take(sign))
            parts.Add(part(ref this));
        return parts.Count == 1 ? parts[0] : join(parts);
    }

    private Filter One()
    {
        if (++_depth > MaxDepth)
            throw Malformed($"it is more than {MaxDepth} levels deep");
        Filter filter;
        if (Take("!"))
        {
            filter = Where.Not(One());
        }
        else if (Take("("))
        {
            filter = Any();
            if (!Take(")"))
                throw Malformed("a parenthesis is not closed");
        }
        else
        {
            filter = FilterSyntax.ParseCondition(Condition(), text);
        }

        _depth--;
        return filter;
    }

    private string Condition()
    {
        SkipSpace();
        var start = _at;
        var (open, quoted) = (0, false);
        for (; _at < text.Length; _at++)
        {
            var character = text[_at];
            if (character == '"')
                quoted = !quoted;
            if (quoted)
                continue;
            if (character == '(')
                open++;
            else if (character == ')' && --open < 0)
                break;
            else if (open == 0 && (Follows("&&") || Follows("||")))
                break;
        }

        return quoted ? throw Malformed("a quotation mark is not closed") : text[start.._at].TrimEnd();
    }

    private bool Take(string sign)
    {
        SkipSpace();
        if (!Follows(sign))
            return false;
        _at += sign.Length;
        return true;
    }

    private readonly bool Follows(string sign) => text.AsSpan(_at).StartsWith(sign);

    private void SkipSpace()
    {
        while (_at < text.Length && char.IsWhiteSpace(text[_at]))
            _at++;
    }

    private readonly CliException Malformed(string what) =>
        new($"'{text}' is no condition: {what}.", ExitCode.Usage);

    private delegate Filter Part(ref FilterText rest);
}
