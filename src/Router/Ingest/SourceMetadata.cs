using Google.Protobuf;
using Google.Protobuf.Collections;
using Rag.V1;

namespace Rag.Router.Ingest;

/// <summary>
/// Metadata in jobs and documents of the metadata store: a DocumentSource message with nothing but its metadata set.
/// The ingestor reads and writes the same.
/// </summary>
internal static class SourceMetadata
{
    public static byte[] Encode(MapField<string, Value> metadata)
    {
        if (metadata.Count == 0)
            return [];
        var source = new DocumentSource();
        source.Metadata.Add(metadata);
        return source.ToByteArray();
    }

    public static void Decode(ReadOnlyMemory<byte> bytes, MapField<string, Value> metadata)
    {
        if (!bytes.IsEmpty)
            metadata.Add(DocumentSource.Parser.ParseFrom(bytes.Span).Metadata);
    }
}
