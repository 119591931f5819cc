using Rag.Client;

namespace Rag.Cli.Ingestion;

/// <summary>Waits for work of the background.</summary>
internal static class RefinementWait
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(200);

    /// <summary>Until no chunk of the workspace waits for the full encoder, or until it is cancelled.</summary>
    public static async Task RunAsync(RagClient client, string workspace, CancellationToken cancellationToken)
    {
        while (await client.Workspaces.GetStatisticsAsync(workspace, cancellationToken)
            is { Refinement.PendingChunks: > 0 })
            await Task.Delay(Interval, cancellationToken);
    }
}
