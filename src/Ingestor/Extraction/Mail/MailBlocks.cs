namespace Rag.Ingestor.Extraction;

/// <summary>Subject, people and text of a mail message, its text attachments included.</summary>
internal static class MailBlocks
{
    private const int DeepestPart = 32;

    public static IEnumerable<TextBlock> Read(byte[] message, ExtractionOptions options, Action<string> setTitle)
    {
        var root = MimePart.Parse(message);
        if (root.Headers.Count == 0)
            throw ExtractionException.Corrupt("The file holds no mail message: it begins with no header.");
        var subject = CleanText.Collapsed(root.Header("Subject"));
        if (subject.Length > 0)
        {
            setTitle(subject);
            yield return new TextBlock(BlockKind.Heading, subject, Level: 1);
        }

        foreach (var name in (string[])["From", "To", "Cc", "Date"])
        {
            if (CleanText.Collapsed(root.Header(name)) is { Length: > 0 } value)
            {
                foreach (var block in BlockSplitter.Split(BlockKind.Row, $"{name}: {value}", "\n"))
                    yield return block;
            }
        }

        foreach (var block in ReadPart(root, options, 0))
            yield return block;
    }

    /// <summary>Every message of a mailbox file, each of which begins behind a line "From address date".</summary>
    public static IEnumerable<TextBlock> ReadMailbox(byte[] mailbox, ExtractionOptions options)
    {
        var rest = new ReadOnlyMemory<byte>(mailbox);
        var start = 0;
        var afterEmptyLine = true;
        while (!rest.IsEmpty)
        {
            var at = mailbox.Length - rest.Length;
            var line = MimeLines.Take(ref rest);
            if (afterEmptyLine && at > start && line.Span.StartsWith("From "u8))
            {
                foreach (var block in Read(mailbox[start..at], options, static _ => { }))
                    yield return block with { Gap = -1 };
                start = at;
            }

            afterEmptyLine = line.IsEmpty;
        }

        foreach (var block in Read(mailbox[start..], options, static _ => { }))
            yield return block with { Gap = -1 };
    }

    private static IEnumerable<TextBlock> ReadPart(MimePart part, ExtractionOptions options, int depth)
    {
        if (depth > DeepestPart)
            throw ExtractionException.Limit($"The message nests parts more than {DeepestPart} deep; it is refused.");
        var type = part.MediaType;
        if (type is "multipart/encrypted" || (type is "application/pkcs7-mime" or "application/x-pkcs7-mime"
            && part.Parameter("smime-type") is null or "enveloped-data" or "authenveloped-data"))
            throw ExtractionException.Encrypted(
                "The message is encrypted and needs its owner's key; decrypt it and send it again.");
        if (type.StartsWith("multipart/", StringComparison.Ordinal))
        {
            IEnumerable<MimePart> parts = part.Parts();
            return type == "multipart/alternative"
                ? ReadAlternative([.. parts], options, depth)
                : ReadAll(parts, options, depth);
        }

        return type switch
        {
            "message/rfc822" => Read(part.Content(), options, static _ => { }),
            "text/html" => HtmlBlocks.Read(part.Text(), options),
            _ when type.StartsWith("text/", StringComparison.Ordinal) => PlainTextBlocks.Read(new StringReader(part.Text())),
            _ => [],
        };
    }

    private static IEnumerable<TextBlock> ReadAll(IEnumerable<MimePart> parts, ExtractionOptions options, int depth)
    {
        foreach (var part in parts)
        {
            foreach (var block in ReadPart(part, options, depth + 1))
                yield return block with { Gap = -1 };
        }
    }

    /// <summary>Of the same text in several forms the first that has any: plain text comes before HTML.</summary>
    private static IEnumerable<TextBlock> ReadAlternative(MimePart[] parts, ExtractionOptions options, int depth)
    {
        foreach (var part in parts)
        {
            List<TextBlock> blocks = [.. ReadPart(part, options, depth + 1)];
            if (blocks.Count > 0)
                return blocks.Select(block => block with { Gap = -1 });
        }

        return [];
    }
}
