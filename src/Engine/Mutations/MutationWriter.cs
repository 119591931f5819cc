using Rag.Engine.Filters;

namespace Rag.Engine.Mutations;

/// <summary>
/// Encodes the payloads of all kinds but upserts and stages, which <see cref="ChunkBatchWriter"/> splits into records.
/// </summary>
internal static class MutationWriter
{
    // Selections of a delete. Stored: never change them.
    public const byte ByKey = 1;
    public const byte ByDocument = 2;
    public const byte ByFilter = 3;

    public static byte[] Settings(PayloadHeader header, WorkspaceSettings settings)
    {
        using var writer = new PayloadWriter();
        header.Write(writer);
        SettingsCodec.Write(writer, settings);
        return writer.ToArray();
    }

    public static byte[] Delete(PayloadHeader header, ChunkSelection selection)
    {
        using var writer = new PayloadWriter();
        header.Write(writer);
        switch (selection)
        {
            case ChunkSelection.ByKey keys:
                writer.Byte(ByKey);
                writer.VarInt(keys.Chunks.Count);
                foreach (var (key, precondition) in keys.Chunks)
                {
                    writer.Text(key.DocumentId);
                    writer.Text(key.ChunkId);
                    EncodedChunk.WritePrecondition(writer, precondition);
                }

                break;
            case ChunkSelection.ByDocument documents:
                writer.Byte(ByDocument);
                writer.VarInt(documents.DocumentIds.Count);
                foreach (var id in documents.DocumentIds)
                    writer.Text(id);
                break;
            case ChunkSelection.ByFilter filter:
                writer.Byte(ByFilter);
                FilterCodec.Write(writer, filter.Filter);
                break;
            default:
                throw new ArgumentException($"No such selection: {selection.GetType().Name}.", nameof(selection));
        }

        return writer.ToArray();
    }

    public static byte[] Commit(
        PayloadHeader header, string documentId, Guid generation, int expectedChunks, Precondition precondition)
    {
        using var writer = new PayloadWriter();
        header.Write(writer);
        writer.Text(documentId);
        writer.Guid(generation);
        writer.VarInt(expectedChunks);
        EncodedChunk.WritePrecondition(writer, precondition);
        return writer.ToArray();
    }

    public static byte[] Abort(PayloadHeader header, string documentId, Guid generation)
    {
        using var writer = new PayloadWriter();
        header.Write(writer);
        writer.Text(documentId);
        writer.Guid(generation);
        return writer.ToArray();
    }
}
