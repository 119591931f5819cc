using Google.Protobuf;
using Rag.Engine;
using Rag.V1;

namespace Rag.Shard.Mapping;

/// <summary>The headings over a passage, and its document's title: searched by their words beside the passage's own.</summary>
public static class PassageHeadings
{
    /// <summary>The heading path of a chunk's attributes, a line a heading, without the title; '' for none.</summary>
    public static AttributeFields Read(ReadOnlySpan<byte> attributes)
    {
        try
        {
            var passage = Passage.Parser.ParseFrom(attributes);
            var title = passage.Title;
            // Most formats name a document's title as its first heading too: it counts once.
            var headings = title.Length == 0 ? passage.HeadingPath : passage.HeadingPath.Where(heading => heading != title);
            return new AttributeFields(string.Join('\n', headings), title);
        }
        catch (InvalidProtocolBufferException)
        {
            // What cannot be read is not found; the passage itself says so when it is asked for.
            return new AttributeFields("");
        }
    }
}
