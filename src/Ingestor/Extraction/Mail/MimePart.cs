using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>One part of a message: its headers and its body, which is decoded when asked for.</summary>
internal sealed class MimePart
{
    private const int MostHeaders = 1_000;
    private const int MostParts = 1_000;

    private readonly ReadOnlyMemory<byte> _body;
    private readonly Dictionary<string, string> _headers;
    private readonly Dictionary<string, string> _parameters = new(StringComparer.OrdinalIgnoreCase);

    private MimePart(Dictionary<string, string> headers, ReadOnlyMemory<byte> body)
    {
        _headers = headers;
        _body = body;
        var fields = Header("Content-Type").Split(';');
        MediaType = fields[0].Trim().ToLowerInvariant() is { Length: > 0 } type ? type : "text/plain";
        foreach (var field in fields.Skip(1))
        {
            var equals = field.IndexOf('=');
            if (equals > 0)
                _parameters[field[..equals].Trim()] = field[(equals + 1)..].Trim().Trim('"');
        }
    }

    public IReadOnlyDictionary<string, string> Headers => _headers;

    public string MediaType { get; }

    public static MimePart Parse(ReadOnlyMemory<byte> bytes)
    {
        var headers = new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
        string? open = null;
        while (!bytes.IsEmpty)
        {
            var line = MimeLines.Take(ref bytes);
            if (line.IsEmpty)
                break;
            var text = MimeLines.HeaderText(line);
            if (text[0] is ' ' or '\t' && open is not null)
            {
                headers[open] += text;
                continue;
            }

            var colon = text.IndexOf(':');
            // A mailbox file begins with a "From " line that is no header.
            if (colon <= 0 || text.AsSpan(0, colon).Contains(' '))
                continue;
            if (headers.Count >= MostHeaders)
                throw ExtractionException.Limit($"The message has more than {MostHeaders:N0} headers; it is refused.");
            open = text[..colon];
            headers.TryAdd(open, text[(colon + 1)..]);
        }

        return new MimePart(headers, bytes);
    }

    /// <summary>A header's decoded text, or an empty string.</summary>
    public string Header(string name) => MimeWords.Decode(_headers.GetValueOrDefault(name) ?? "");

    public string? Parameter(string name) => _parameters.GetValueOrDefault(name);

    /// <summary>The parts between a multipart body's boundaries; the last may lack its closing one.</summary>
    public IEnumerable<MimePart> Parts()
    {
        if (Parameter("boundary") is not { Length: > 0 } boundary)
            yield break;
        var mark = Encoding.Latin1.GetBytes("--" + boundary);
        var rest = _body;
        var start = -1;
        var parts = 0;
        while (!rest.IsEmpty)
        {
            var at = _body.Length - rest.Length;
            var line = MimeLines.Take(ref rest);
            if (!line.Span.StartsWith(mark))
                continue;
            if (start >= 0)
                yield return Parse(_body[start..at]);
            if (++parts > MostParts)
                throw ExtractionException.Limit($"The message has more than {MostParts:N0} parts; it is refused.");
            start = _body.Length - rest.Length;
            if (line.Span[mark.Length..].StartsWith("--"u8))
                yield break;
        }

        if (start >= 0)
            yield return Parse(_body[start..]);
    }

    /// <summary>The body's bytes without their transfer encoding.</summary>
    public byte[] Content() => Header("Content-Transfer-Encoding").Trim().ToLowerInvariant() switch
    {
        "base64" => MimeLines.FromBase64(_body.Span),
        "quoted-printable" => MimeLines.FromQuotedPrintable(_body.Span),
        _ => _body.ToArray(),
    };

    /// <summary>
    /// The body's characters, by the charset that the part names or, where it names none, the likeliest.
    /// </summary>
    public string Text()
    {
        var content = Content();
        var named = Parameter("charset") is { } charset ? EncodingDetector.ByName(charset) : null;
        if (named is null or ASCIIEncoding)
            return EncodingDetector.FromHead(content).Decode(content);
        return named.GetString(content);
    }
}
