using Rag.Embedding;
using Rag.Engine;
using Rag.Shard.Services;
using Rag.V1;
using ChunkWrite = Rag.Engine.ChunkWrite;
using Encoder = Rag.V1.Encoder;

namespace Rag.Shard.Embedding;

/// <summary>
/// Gives chunks the vectors that their workspace's models make of their texts, before they are logged: replay and
/// replicas run no model. Thread-safe.
/// </summary>
internal sealed class PassageEmbedder(ModelRegistry models)
{
    /// <summary>
    /// The writes with a vector for every space that has a model, where the text is written and no vector came along.
    /// Texts that are too long for a chunk are left for the store to refuse.
    /// </summary>
    public async Task<IReadOnlyList<ChunkWrite>> CompleteAsync(
        WorkspaceSettings settings, List<ChunkWrite> writes, Encoder requested, CancellationToken ct)
    {
        var profile = WorkspaceProfile.Of(settings);
        foreach (var space in profile.Spaces)
        {
            var wanting = space.Model.Length == 0 ? [] : Wanting(writes, space);
            if (wanting.Count == 0)
                continue;
            var model = models.Get(space.Model);
            var kind = model.Choose(requested != Encoder.Unspecified ? requested
                : profile.IngestsFast ? Encoder.Lookup : Encoder.Full);
            await EmbedAsync(model, kind, space.Index, writes, wanting, ct);
        }

        return writes;
    }

    private static async Task EmbedAsync(
        LoadedModel model, EncoderKind kind, string space, List<ChunkWrite> writes, List<int> wanting,
        CancellationToken ct)
    {
        var dimension = model.Embedder.Model.Dimension;
        var vectors = new float[wanting.Count * dimension];
        var texts = wanting.ConvertAll(i => writes[i].Text!);
        await model.Embedder.EncodePassagesAsync(texts, kind, vectors, ct);
        var tag = kind == EncoderKind.Lookup ? VectorEncoder.Lookup : VectorEncoder.Full;
        for (var row = 0; row < wanting.Count; row++)
        {
            var write = writes[wanting[row]];
            var vector = new SpaceVector(space, vectors.AsMemory(row * dimension, dimension), tag);
            writes[wanting[row]] = write with
            {
                Vectors = [.. write.Vectors, vector],
                Fields = write.Fields | ChunkFields.Vectors,
            };
        }
    }

    private static List<int> Wanting(List<ChunkWrite> writes, ProfileSpace space)
    {
        var wanting = new List<int>();
        for (var i = 0; i < writes.Count; i++)
        {
            if (Wants(writes[i], space))
                wanting.Add(i);
        }

        return wanting;
    }

    // A patch that names `vectors` has decided about them, but for those that callers do not know of; one that names
    // `text` alone wants it embedded again.
    private static bool Wants(ChunkWrite write, ProfileSpace space)
    {
        var patchesVectors = !space.IsHidden && write.Fields != ChunkFields.All && write.Fields.HasFlag(ChunkFields.Vectors);
        return write.Fields.HasFlag(ChunkFields.Text) && !patchesVectors
            && write.Text is { Length: > 0 } text
            && System.Text.Encoding.UTF8.GetByteCount(text) <= StoreLimits.MaxTextBytes
            && !write.Vectors.Any(vector => vector.Space == space.Index);
    }
}
