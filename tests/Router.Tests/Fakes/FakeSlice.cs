using Rag.V1;

namespace Rag.Router.Tests.Fakes;

/// <summary>One workspace's data in one partition of a fake shard. Guarded by the shard's lock.</summary>
internal sealed class FakeSlice
{
    public Workspace Settings { get; set; } = new();

    public SortedDictionary<(string Document, string Chunk), Chunk> Chunks { get; } = new(KeyOrder.Instance);

    public Dictionary<(string Document, string Generation), List<Chunk>> Staged { get; } = [];

    /// <summary>Outcomes by mutation id, as a real shard keeps them.</summary>
    public Dictionary<string, object> Applied { get; } = [];

    public ulong Sequence { get; set; }

    private sealed class KeyOrder : IComparer<(string Document, string Chunk)>
    {
        public static readonly KeyOrder Instance = new();

        public int Compare((string Document, string Chunk) left, (string Document, string Chunk) right)
        {
            var order = Bytes(left.Document).SequenceCompareTo(Bytes(right.Document));
            return order != 0 ? order : Bytes(left.Chunk).SequenceCompareTo(Bytes(right.Chunk));
        }

        private static ReadOnlySpan<byte> Bytes(string text) => System.Text.Encoding.UTF8.GetBytes(text);
    }
}
