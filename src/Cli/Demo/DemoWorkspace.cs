using Rag.Cli.Ingestion;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Demo;

/// <summary>
/// The workspace <c>demo</c>: it holds one folder. The same folder again costs only what has changed; another one
/// replaces it.
/// </summary>
internal static class DemoWorkspace
{
    public const string Name = "demo";

    private const string FolderLabel = "folder";
    private const string EncoderLabel = "encoder";

    public static async Task<WorkspaceClient> PrepareAsync(
        RagClient client, DemoFiles files, Encoder encoder, CancellationToken cancellationToken)
    {
        var wanted = encoder.ToString();
        var there = await client.Workspaces.FindAsync(Name, cancellationToken);
        if (there is not null && (Label(there, FolderLabel) != files.Folder || Label(there, EncoderLabel) != wanted))
        {
            await client.Workspaces.DeleteAsync(Name, cancellationToken: cancellationToken);
            there = null;
        }

        if (there is null)
        {
            var workspace = new Workspace
            {
                Name = Name,
                Embedding = new EmbeddingSettings
                {
                    Ingest = encoder == Encoder.Lookup ? EmbeddingIngest.FastThenRefine : EmbeddingIngest.Full,
                },
                Labels = { [FolderLabel] = files.Folder, [EncoderLabel] = wanted },
            };
            await client.Workspaces.CreateAsync(workspace, cancellationToken);
        }

        var demo = client.Workspace(Name);
        await RemoveVanishedAsync(demo.Documents, files.Files, cancellationToken);
        return demo;
    }

    private static async Task RemoveVanishedAsync(
        DocumentsClient documents, IReadOnlyList<SourceFile> files, CancellationToken cancellationToken)
    {
        var there = files.Select(file => file.DocumentId).ToHashSet(StringComparer.Ordinal);
        var vanished = new List<string>();
        await foreach (var document in documents.ListAsync(1000, cancellationToken))
        {
            if (!there.Contains(document.DocumentId))
                vanished.Add(document.DocumentId);
        }

        foreach (var id in vanished)
            await documents.DeleteAsync(id, cancellationToken: cancellationToken);
    }

    private static string Label(Workspace workspace, string key) => workspace.Labels.TryGetValue(key, out var value) ? value : "";
}
