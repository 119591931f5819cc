using Google.Protobuf;
using Rag.Engine;
using Rag.Shard.Services;
using Rag.V1;
using ReturnFields = Rag.Engine.ReturnFields;

namespace Rag.Shard.Mapping;

/// <summary>Chunks, keys and hits between the protos and the engine.</summary>
internal static class ChunkMapping
{
    public static Rag.Engine.ChunkKey ToKey(string documentId, string chunkId) =>
        new(documentId.Length == 0 ? chunkId : documentId, chunkId);

    public static Rag.Engine.ChunkWrite ToWrite(
        Chunk chunk, ChunkFields fields, Precondition precondition, WorkspaceProfile profile) => new()
    {
        Key = ToKey(chunk.DocumentId, chunk.ChunkId),
        Text = chunk.Text,
        Metadata = ValueMapping.ToMetadata(chunk.Metadata),
        Vectors = [.. chunk.Vectors.Select(
            entry => new SpaceVector(profile.IndexOf(entry.Key), VectorMapping.ToEngine(entry.Value, entry.Key)))],
        MultiVector = MultiVectorMapping.ToEngine(chunk.MultiVector, profile),
        Attributes = chunk.Passage is null ? default(ReadOnlyMemory<byte>) : chunk.Passage.ToByteArray(),
        Sparse = VectorMapping.ToEngine(chunk.SparseVector),
        Fields = fields,
        Precondition = precondition,
    };

    public static Precondition ToPrecondition(V1.ChunkWrite write) => write.PreconditionCase switch
    {
        V1.ChunkWrite.PreconditionOneofCase.IfVersion =>
            Precondition.IfVersion(VersionNumber.ToStamp(write.IfVersion)),
        V1.ChunkWrite.PreconditionOneofCase.IfAbsent when write.IfAbsent => Precondition.IfAbsent,
        _ => Precondition.None,
    };

    public static ChunkFields ToFields(V1.ChunkWrite write)
    {
        if (write.UpdateMask is null)
            return ChunkFields.All;
        var fields = ChunkFields.None;
        foreach (var path in write.UpdateMask.Paths)
        {
            fields |= path switch
            {
                "text" => ChunkFields.Text,
                "metadata" => ChunkFields.Metadata,
                "vectors" => ChunkFields.Vectors,
                "passage" => ChunkFields.Attributes,
                "sparse_vector" => ChunkFields.SparseVector,
                "multi_vector" => ChunkFields.MultiVector,
                _ => throw new InvalidInputException(
                    $"The update mask names '{path}'; it may name text, metadata, vectors, passage," +
                    " sparse_vector and multi_vector."),
            };
        }

        // With the vector of its text it would name all that a whole write does.
        if ((fields | ChunkFields.Vectors) == ChunkFields.All)
            fields |= ChunkFields.Patch;
        return fields != ChunkFields.None
            ? fields
            : throw new InvalidInputException("The update mask is empty; name what to change, or leave it out to replace "
                + "the chunk whole.");
    }

    public static ReturnFields ToFields(V1.ReturnFields? fields)
    {
        if (fields is null)
            return ReturnFields.Text | ReturnFields.Metadata | ReturnFields.Attributes;
        return (fields.Text ? ReturnFields.Text : 0)
            | (fields.Metadata ? ReturnFields.Metadata : 0)
            | (fields.Vectors.Count > 0 ? ReturnFields.Vectors : 0)
            | (fields.Passage ? ReturnFields.Attributes : 0)
            | (fields.SparseVector ? ReturnFields.SparseVector : 0)
            | (fields.MultiVector ? ReturnFields.MultiVector : 0);
    }

    public static Chunk ToProto(StoredChunk stored, V1.ReturnFields? fields, WorkspaceProfile profile)
    {
        var chunk = new Chunk
        {
            DocumentId = stored.Key.DocumentId,
            ChunkId = stored.Key.ChunkId,
            Version = VersionNumber.From(stored.Version),
            Text = stored.Text ?? "",
            Passage = ToPassage(stored.Attributes),
            SparseVector = VectorMapping.ToProto(stored.Sparse),
            MultiVector = MultiVectorMapping.ToProto(stored.MultiVector),
        };
        ValueMapping.AddTo(chunk.Metadata, stored.Metadata);
        foreach (var (name, vector) in Wanted(stored.Vectors, fields, profile))
        {
            chunk.Vectors.Add(name, new Vector { Packed = VectorMapping.Pack(vector.Values.Span) });
            chunk.Encoders.Add(name, VectorMapping.ToProto(vector.Encoder));
        }

        return chunk;
    }

    public static V1.SearchHit ToProto(
        Rag.Engine.SearchHit found, V1.ReturnFields? fields, WorkspaceProfile profile)
    {
        var hit = new V1.SearchHit
        {
            DocumentId = found.Key.DocumentId,
            ChunkId = found.Key.ChunkId,
            Score = found.Score,
            Version = VersionNumber.From(found.Version),
            Text = found.Text ?? "",
            Passage = ToPassage(found.Attributes),
            SparseVector = VectorMapping.ToProto(found.Sparse),
            MultiVector = MultiVectorMapping.ToProto(found.MultiVector),
        };
        ValueMapping.AddTo(hit.Metadata, found.Metadata);
        foreach (var (name, vector) in Wanted(found.Vectors, fields, profile))
            hit.Vectors.Add(name, new Vector { Packed = VectorMapping.Pack(vector.Values.Span) });
        return hit;
    }

    private static IEnumerable<(string Name, SpaceVector Vector)> Wanted(
        IReadOnlyList<SpaceVector>? vectors, V1.ReturnFields? fields, WorkspaceProfile profile)
    {
        if (vectors is null || fields is null)
            yield break;
        foreach (var vector in vectors)
        {
            if (profile.FindIndex(vector.Space) is { IsHidden: false } space && fields.Vectors.Contains(space.Name))
                yield return (space.Name, vector);
        }
    }

    private static Passage? ToPassage(ReadOnlyMemory<byte>? attributes) =>
        attributes is { Length: > 0 } bytes ? Passage.Parser.ParseFrom(bytes.Span) : null;
}
