using Rag.Engine.Indexing;

namespace Rag.Engine.Mutations;

/// <summary>The binary form of a workspace's settings, in mutations and in snapshots.</summary>
internal static class SettingsCodec
{
    private const byte FormatVersion = 1;

    public static void Write(PayloadWriter to, WorkspaceSettings settings)
    {
        to.Byte(FormatVersion);
        to.Guid(settings.Uid);
        to.VarInt(settings.Version);
        to.Byte((byte)settings.State);
        to.VarInt(settings.Spaces.Count);
        foreach (var space in settings.Spaces)
        {
            to.Text(space.Name);
            to.VarInt(space.Dimension);
            to.Byte((byte)space.Metric);
            to.Byte((byte)space.Codec);
            to.VarInt(space.M);
            to.VarInt(space.EfConstruction);
            to.VarInt(space.ExactThreshold);
        }

        to.Bytes(settings.Extension.Span);
    }

    public static byte[] ToBytes(WorkspaceSettings settings)
    {
        using var writer = new PayloadWriter(256);
        Write(writer, settings);
        return writer.ToArray();
    }

    public static WorkspaceSettings Read(ReadOnlySpan<byte> bytes)
    {
        var reader = new PayloadReader(bytes);
        var settings = Read(ref reader);
        reader.ExpectEnd();
        return settings;
    }

    public static WorkspaceSettings Read(ref PayloadReader from)
    {
        var format = from.Byte();
        if (format != FormatVersion)
            throw PayloadReader.Malformed($"settings have format {format}; {FormatVersion} is known here");
        var uid = from.Guid();
        var version = from.VarInt();
        var state = (WorkspaceState)from.Byte();
        if (state is < WorkspaceState.Creating or > WorkspaceState.Deleting)
            throw PayloadReader.Malformed($"there is no workspace state {(byte)state}");
        var spaces = new VectorSpaceSettings[from.Count(7)];
        for (var i = 0; i < spaces.Length; i++)
        {
            spaces[i] = new VectorSpaceSettings
            {
                Name = from.Text(),
                Dimension = from.Int32(StoreLimits.MaxDimension),
                Metric = (Metric)from.Byte(),
                Codec = (VectorCodec)from.Byte(),
                M = from.Int32(64),
                EfConstruction = from.Int32(100_000),
                ExactThreshold = from.Int32(int.MaxValue),
            };
        }

        return new WorkspaceSettings
        {
            Uid = uid, Version = version, State = state, Spaces = spaces, Extension = from.Bytes().ToArray(),
        };
    }
}
