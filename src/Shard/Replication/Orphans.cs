using System.Buffers.Binary;
using Rag.Engine;
using Rag.Engine.Storage;

namespace Rag.Shard.Replication;

/// <summary>
/// Mutations that this replica had alone when the others went on without it. They lie in a file until all of them have
/// come back through the log, where the highest version of each thing wins.
/// <code>
/// count × (length 4, LogMessage)
/// </code>
/// </summary>
internal sealed class Orphans(string folder, int partition)
{
    private readonly Lock _lock = new();
    private readonly string _path = Path.Combine(folder, $"orphans-{partition}");

    public bool Exist => File.Exists(_path);

    /// <summary>Puts mutations behind those that are there, each once; durable when it returns.</summary>
    public void Add(IReadOnlyList<OrderedMutation> mutations)
    {
        lock (_lock)
        {
            var former = Exist ? Read() : [];
            var known = former.Select(static one => (one.Slice, one.MutationId)).ToHashSet();
            Write([.. former, .. mutations.Where(one => !known.Contains((one.Slice, one.MutationId)))]);
        }
    }

    /// <summary>The mutations with the places that they had as their origins.</summary>
    /// <exception cref="InvalidDataException">The file is damaged.</exception>
    public IReadOnlyList<OrderedMutation> Read()
    {
        var mutations = new List<OrderedMutation>();
        ReadOnlyMemory<byte> bytes = File.ReadAllBytes(_path);
        while (bytes.Length > 0)
        {
            var length = bytes.Length < 4 ? -1 : BinaryPrimitives.ReadInt32LittleEndian(bytes.Span);
            if (length < 0 || length > bytes.Length - 4 || LogMessage.TryRead(bytes.Slice(4, length)) is not { } message)
                throw new InvalidDataException($"{_path} is damaged; what it held cannot be brought to the other replicas.");
            mutations.Add(new OrderedMutation(
                message.Slice, default, message.Kind, message.MutationId, message.Payload,
                message.Origin.IsNone ? message.Place : message.Origin));
            bytes = bytes[(4 + length)..];
        }

        return mutations;
    }

    /// <summary>The first ones have come back.</summary>
    public void Forget(int count)
    {
        lock (_lock)
        {
            var left = Read().Skip(count).ToList();
            if (left.Count == 0)
                DurableFile.Delete(_path);
            else
                Write(left);
        }
    }

    private void Write(IEnumerable<OrderedMutation> mutations)
    {
        using var bytes = new MemoryStream();
        Span<byte> length = stackalloc byte[4];
        foreach (var mutation in mutations)
        {
            var message = LogMessage.Again(0, mutation).ToBytes();
            BinaryPrimitives.WriteInt32LittleEndian(length, message.Length);
            bytes.Write(length);
            bytes.Write(message);
        }

        DurableFile.Write(_path, bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }
}
