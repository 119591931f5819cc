using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>Applies settings to a slice that has some already.</summary>
internal static class SettingsWriter
{
    public static MutationOutcome Apply(Slice slice, WorkspaceSettings settings, ulong stamp)
    {
        var current = slice.Settings;
        if (settings.Version <= current.Version)
            return Outcome(
                settings.Version == current.Version ? SettingsStatus.Unchanged : SettingsStatus.Superseded,
                stamp, current.Version);
        if (settings.State != WorkspaceState.Deleting)
        {
            if (!IsCompatible(slice, settings))
                return Outcome(SettingsStatus.Incompatible, stamp, current.Version);
            ChangeSpaces(slice, settings);
        }

        slice.Settings = settings;
        return Outcome(SettingsStatus.Recorded, stamp, settings.Version);
    }

    public static MutationOutcome Outcome(SettingsStatus status, ulong stamp, ulong version) => new()
    {
        Kind = OutcomeKind.Applied, Uniform = (byte)status, Stamp = stamp, Version = version,
    };

    private static bool IsCompatible(Slice slice, WorkspaceSettings settings)
    {
        // Words of texts that are there were made by these.
        if (settings.Text != slice.Settings.Text)
            return false;
        foreach (var space in settings.Spaces)
        {
            if (slice.FindSpace(space.Name)?.Settings is { } known
                && (known.Dimension != space.Dimension || known.Metric != space.Metric || known.Codec != space.Codec
                    || known.M != space.M))
                return false;
        }

        return true;
    }

    private static void ChangeSpaces(Slice slice, WorkspaceSettings settings)
    {
        foreach (var space in slice.Spaces.ToArray())
        {
            if (settings.FindSpace(space.Settings.Name) is not null)
                continue;
            slice.RemoveSpace(space);
            slice.Graveyard.Release(space.Dispose);
        }

        foreach (var space in settings.Spaces)
        {
            if (slice.FindSpace(space.Name) is null)
                slice.AddSpace(new VectorSpace(space, slice.Id));
        }
    }
}
