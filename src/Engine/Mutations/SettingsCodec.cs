using Rag.Engine.Indexing;
using Rag.Engine.Sparse;

namespace Rag.Engine.Mutations;

/// <summary>
/// The binary form of a workspace's settings, in mutations and in snapshots. Version 2 has the settings of texts at the
/// end, version 3 the boost of titles behind them; the oldest that says all is written.
/// </summary>
internal static class SettingsCodec
{
    private const byte FirstVersion = 1;
    private const byte WithText = 2;
    private const byte WithTitle = 3;
    private const int MaxBoost = 10;

    public static void Write(PayloadWriter to, WorkspaceSettings settings)
    {
        var format = settings.Text.TitleBoost != TextSettings.Default.TitleBoost ? WithTitle
            : settings.Text != TextSettings.Default ? WithText : FirstVersion;
        to.Byte(format);
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
        if (format == FirstVersion)
            return;
        to.Byte((byte)settings.Text.Language);
        to.VarInt(settings.Text.AttributeBoost);
        if (format == WithTitle)
            to.VarInt(settings.Text.TitleBoost);
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
        if (format is not (FirstVersion or WithText or WithTitle))
            throw PayloadReader.Malformed($"settings have format {format}; {FirstVersion} to {WithTitle} are known here");
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
            Text = format == FirstVersion ? TextSettings.Default : ReadText(ref from, format),
        };
    }

    private static TextSettings ReadText(ref PayloadReader from, byte format)
    {
        var language = (AnalysisLanguage)from.Byte();
        if (!Enum.IsDefined(language))
            throw PayloadReader.Malformed($"there is no language {(byte)language}");
        return new TextSettings
        {
            Language = language,
            AttributeBoost = Math.Max(1, from.Int32(MaxBoost)),
            TitleBoost = format == WithTitle ? Math.Max(1, from.Int32(MaxBoost)) : 1,
        };
    }
}
