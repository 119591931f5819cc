namespace Rag.Engine.Mutations;

/// <summary>
/// What applying a record came to: told to the caller, and kept for retries. Immutable.
/// </summary>
internal sealed class MutationOutcome
{
    public required OutcomeKind Kind { get; init; }

    /// <summary>Position of the record that had the effect, packed.</summary>
    public ulong Stamp { get; init; }

    /// <summary>Items: ChunkWriteStatus or ChunkDeleteStatus each; null if all are <see cref="Uniform"/>.</summary>
    public byte[]? Statuses { get; init; }

    /// <summary>The status of all items, or of a commit or of settings.</summary>
    public byte Uniform { get; init; }

    /// <summary>Versions that stand for items that were not written, packed; null if there are none.</summary>
    public ulong[]? Versions { get; init; }

    /// <summary>Of a commit the document's version now, packed; of settings the version that stands.</summary>
    public ulong Version { get; init; }

    /// <summary>Chunks deleted, made visible, or refused while staging.</summary>
    public int Count { get; init; }

    /// <summary>Chunks replaced by a commit.</summary>
    public int Replaced { get; init; }

    public static MutationOutcome Refused(OutcomeKind kind) => new() { Kind = kind };

    public byte StatusOf(int item) => Statuses is { } statuses ? statuses[item] : Uniform;

    /// <summary>The version of an item: that of the record if it was written, else the one that stands.</summary>
    public ulong VersionOf(int item) => Versions is { } versions ? versions[item] : Stamp;

    public void Write(PayloadWriter to)
    {
        to.Byte((byte)Kind);
        to.UInt64(Stamp);
        to.Byte(Uniform);
        to.UInt64(Version);
        to.VarInt(Count);
        to.VarInt(Replaced);
        to.Bytes(Statuses);
        to.VarInt(Versions?.Length ?? 0);
        foreach (var version in Versions ?? [])
            to.UInt64(version);
    }

    public static MutationOutcome Read(ref PayloadReader from)
    {
        var kind = (OutcomeKind)from.Byte();
        var stamp = from.UInt64();
        var uniform = from.Byte();
        var version = from.UInt64();
        var count = from.Int32(int.MaxValue);
        var replaced = from.Int32(int.MaxValue);
        var statuses = from.Bytes();
        var versions = new ulong[from.Count(8)];
        for (var i = 0; i < versions.Length; i++)
            versions[i] = from.UInt64();
        return new MutationOutcome
        {
            Kind = kind, Stamp = stamp, Uniform = uniform, Version = version, Count = count, Replaced = replaced,
            Statuses = statuses.IsEmpty ? null : statuses.ToArray(),
            Versions = versions.Length == 0 ? null : versions,
        };
    }
}

/// <summary>Whether a record had an effect. The numbers are stored: never change them.</summary>
internal enum OutcomeKind : byte
{
    /// <summary>It was applied; items and statuses tell what came of it.</summary>
    Applied = 1,

    /// <summary>Its id is older than ids are remembered.</summary>
    TooOld = 2,

    /// <summary>There is no such workspace in the partition.</summary>
    NoWorkspace = 3,

    /// <summary>The workspace is being deleted.</summary>
    WorkspaceDeleted = 4,

    /// <summary>The slice is quarantined.</summary>
    Quarantined = 5,
}

/// <summary>What became of recorded settings. The numbers are stored: never change them.</summary>
internal enum SettingsStatus : byte
{
    Recorded = 1,

    /// <summary>This version stands already.</summary>
    Unchanged = 2,

    /// <summary>A newer version stands.</summary>
    Superseded = 3,

    /// <summary>A space would change its dimension or metric.</summary>
    Incompatible = 4,
}
