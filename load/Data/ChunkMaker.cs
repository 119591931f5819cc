using Rag.Client;
using Rag.V1;

namespace Rag.Load.Data;

/// <summary>Seeded chunks as messages.</summary>
internal static class ChunkMaker
{
    public static Chunk Make(Corpus corpus, int workspace, int number, int revision)
    {
        var chunk = new Chunk
        {
            ChunkId = Corpus.ChunkId(number),
            Metadata = { ["group"] = MetadataValue.Of((long)Corpus.GroupOf(number)) },
        };
        if (corpus.Data.Texts)
        {
            chunk.Text = corpus.ChunkText(workspace, number, revision);
            return chunk;
        }

        Span<float> vector = stackalloc float[corpus.Data.Dimension];
        corpus.ChunkVector(workspace, number, revision, vector);
        chunk.Vectors[""] = VectorValue.Of(vector);
        return chunk;
    }
}
