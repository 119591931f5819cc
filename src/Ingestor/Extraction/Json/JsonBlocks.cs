using System.Buffers;
using System.Text.Json;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// JSON values as lines of "path.to.key: value", read as a stream: memory is bounded by the longest value.
/// </summary>
internal static class JsonBlocks
{
    private const int FirstBufferBytes = 64 * 1024;

    /// <param name="utf8">The values in UTF-8 without a byte order mark; one or many.</param>
    /// <param name="options">Limits of depth and of one value.</param>
    public static IEnumerable<TextBlock> Read(Stream utf8, ExtractionOptions options)
    {
        var flattener = new JsonFlattener(options.MaxDepth);
        var state = new JsonReaderState(new JsonReaderOptions
        {
            AllowTrailingCommas = true,
            AllowMultipleValues = true,
            CommentHandling = JsonCommentHandling.Skip,
            // The flattener counts itself, so that too deep is told from broken.
            MaxDepth = int.MaxValue / 2,
        });
        var buffer = new byte[FirstBufferBytes];
        var length = 0;
        var ended = false;
        while (!ended)
        {
            if (length == buffer.Length)
                buffer = Grown(buffer, options);
            var read = utf8.Read(buffer, length, buffer.Length - length);
            ended = read == 0;
            length += read;
            var consumed = Parse(buffer.AsSpan(0, length), ended, ref state, flattener);
            buffer.AsSpan(consumed, length - consumed).CopyTo(buffer);
            length -= consumed;
            while (flattener.TryTake(out var block))
                yield return block;
        }

        flattener.Finish();
        while (flattener.TryTake(out var block))
            yield return block;
    }

    private static int Parse(ReadOnlySpan<byte> bytes, bool isFinal, ref JsonReaderState state, JsonFlattener flattener)
    {
        // The final block may be white space alone, which is no value.
        if (isFinal && bytes.IndexOfAnyExcept(" \t\r\n"u8) < 0 && flattener.IsBetweenValues)
            return bytes.Length;
        var reader = new Utf8JsonReader(bytes, isFinal, state);
        try
        {
            while (reader.Read())
                flattener.Add(ref reader);
        }
        catch (JsonException broken)
        {
            throw ExtractionException.Corrupt(
                $"The JSON is damaged or cut off near line {(broken.LineNumber ?? 0) + 1:N0}; correct it and send it again.",
                broken);
        }
        catch (InvalidOperationException broken)
        {
            throw ExtractionException.Corrupt(
                "The JSON holds a string that is not valid UTF-8; correct it and send it again.", broken);
        }

        state = reader.CurrentState;
        return (int)reader.BytesConsumed;
    }

    private static byte[] Grown(byte[] buffer, ExtractionOptions options)
    {
        if (buffer.Length >= options.MaxValueBytes)
            throw ExtractionException.Limit(
                $"The JSON holds a single value of more than {options.MaxValueBytes >> 20:N0} MiB; split it.");
        Array.Resize(ref buffer, (int)Math.Min((long)buffer.Length * 2, options.MaxValueBytes));
        return buffer;
    }
}
