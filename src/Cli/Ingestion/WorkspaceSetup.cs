using Grpc.Core;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Ingestion;

internal static class WorkspaceSetup
{
    /// <summary>Makes the workspace if it is missing; leaves one that is there as it is.</summary>
    public static async Task EnsureAsync(
        RagClient client, string name, Encoder encoder, CancellationToken cancellationToken)
    {
        if (await client.Workspaces.FindAsync(name, cancellationToken) is not null)
            return;
        var wanted = new Workspace
        {
            Name = name,
        };
        // Otherwise the server's default holds.
        if (encoder != Encoder.Unspecified)
        {
            wanted.Embedding = new EmbeddingSettings
            {
                Ingest = encoder == Encoder.Lookup ? EmbeddingIngest.Fast : EmbeddingIngest.Full,
            };
        }

        try
        {
            await client.Workspaces.CreateAsync(wanted, cancellationToken);
        }
        catch (RagException taken) when (taken.StatusCode == StatusCode.AlreadyExists)
        {
            // Somebody else made it in between, which is as good.
        }
    }
}
