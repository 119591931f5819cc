using Google.Protobuf;
using Rag.Engine;
using Rag.V1;

namespace Rag.Shard.Mapping;

/// <summary>The headings over a passage: text that is searched by its words beside the passage's own.</summary>
public static class PassageHeadings
{
    /// <summary>The heading path of a chunk's attributes, a line a heading; '' if there is none.</summary>
    public static AttributeFields Read(ReadOnlySpan<byte> attributes)
    {
        try
        {
            return new AttributeFields(string.Join('\n', Passage.Parser.ParseFrom(attributes).HeadingPath));
        }
        catch (InvalidProtocolBufferException)
        {
            // What cannot be read is not found; the passage itself says so when it is asked for.
            return new AttributeFields("");
        }
    }
}
