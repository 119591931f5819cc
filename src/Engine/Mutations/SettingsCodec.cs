using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Mutations;

/// <summary>
/// The binary form of a workspace's settings, in mutations and in snapshots. Version 2 has the settings of texts at the
/// end; where those are the defaults version 1 is written, which says the same.
/// </summary>
internal static class SettingsCodec
{
    private const byte FirstVersion = 1;
    private const byte WithText = 2;
    private const int MaxAttributeBoost = 10;

    public static void Write(PayloadWriter to, WorkspaceSettings settings)
    {
        var hasText = settings.Text != TextSettings.Default;
        to.Byte(hasText ? WithText : FirstVersion);
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
        if (!hasText)
            return;
        to.Byte((byte)settings.Text.Language);
        to.VarInt(settings.Text.AttributeBoost);
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
        if (format is not (FirstVersion or WithText))
            throw PayloadReader.Malformed($"settings have format {format}; {FirstVersion} and {WithText} are known here");
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
            Text = format == WithText ? ReadText(ref from) : TextSettings.Default,
        };
    }

    private static TextSettings ReadText(ref PayloadReader from)
    {
        var language = (AnalysisLanguage)from.Byte();
        if (!Enum.IsDefined(language))
            throw PayloadReader.Malformed($"there is no language {(byte)language}");
        return new TextSettings { Language = language, AttributeBoost = Math.Max(1, from.Int32(MaxAttributeBoost)) };
    }
}
