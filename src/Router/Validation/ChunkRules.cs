using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>One chunk to write. A fault is a sentence, null is none.</summary>
internal static class ChunkRules
{
    public static string? Fault(ChunkWrite write, KnownWorkspace workspace)
    {
        if (write.Chunk is not { } chunk)
            return "The item has no chunk: give it one.";
        if (write.PreconditionCase == ChunkWrite.PreconditionOneofCase.IfVersion && write.IfVersion <= 0)
            return "if_version is the version that a read answered with, above 0: use if_absent for a new chunk.";
        return MaskFault(write) ?? Fault(chunk, workspace, isPatch: write.UpdateMask is not null);
    }

    public static string? Fault(Chunk chunk, KnownWorkspace workspace, bool isPatch)
    {
        if (TextRules.IdFault(chunk.ChunkId) is { } chunkFault)
            return "chunk_id: " + chunkFault;
        if (chunk.DocumentId.Length > 0 && TextRules.IdFault(chunk.DocumentId) is { } documentFault)
            return "document_id: " + documentFault;
        if (TextRules.IsLonger(chunk.Text, Limits.TextBytes))
            return $"The text is longer than {Limits.TextBytes} bytes of UTF-8: cut it into several chunks.";
        return MetadataRules.Fault(chunk.Metadata)
            ?? VectorsFault(chunk, workspace)
            ?? (chunk.MultiVector is { } vectors
                ? MultiVectorRules.Fault(vectors, workspace.Settings.MultiVectorDimension)
                : null)
            ?? (chunk.SparseVector is { } sparse ? SparseVectorRules.Fault(sparse) : null)
            ?? PassageFault(chunk.Passage)
            ?? (isPatch || chunk.Text.Length > 0 || chunk.Vectors.Count > 0 || chunk.SparseVector is not null
                ? null
                : "The chunk has neither text nor a vector: give it one of them.");
    }

    private static string? MaskFault(ChunkWrite write)
    {
        if (write.UpdateMask is not { } mask)
            return null;
        if (write.PreconditionCase == ChunkWrite.PreconditionOneofCase.IfAbsent && write.IfAbsent)
            return "A patch is of a chunk that exists: leave out if_absent, or the update mask.";
        if (mask.Paths.Count == 0)
            return "The update mask is empty: name what to change, or leave it out to replace the chunk whole.";
        foreach (var path in mask.Paths)
        {
            if (path is not ("text" or "metadata" or "vectors" or "passage" or "sparse_vector" or "multi_vector"))
            {
                return $"The update mask names '{MetadataRules.Shorten(path)}': "
                    + "it may name text, metadata, vectors, passage, sparse_vector and multi_vector.";
            }
        }

        return null;
    }

    private static string? VectorsFault(Chunk chunk, KnownWorkspace workspace)
    {
        if (chunk.Vectors.Count == 0)
            return null;
        foreach (var (name, vector) in chunk.Vectors)
        {
            if (workspace.FindSpace(name) is not { } space)
                return $"The workspace has no vector space '{MetadataRules.Shorten(name)}': {workspace.SpaceNames}.";
            if (VectorRules.Fault(vector, space) is { } fault)
                return fault;
        }

        return null;
    }

    private static string? PassageFault(Passage? passage)
    {
        if (passage is null)
            return null;
        if (passage.StartOffset < 0 || passage.EndOffset < passage.StartOffset || passage.Page < 0)
            return "The passage's offsets and page must not be negative, and its end not lie before its start.";
        var bytes = System.Text.Encoding.UTF8.GetByteCount(passage.Title);
        foreach (var heading in passage.HeadingPath)
            bytes += System.Text.Encoding.UTF8.GetByteCount(heading) + 8;
        return bytes > Limits.HeadingBytes - 64
            ? $"The heading path and the title are longer than {Limits.HeadingBytes - 64} bytes: shorten them."
            : null;
    }
}
