using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Workspaces;

/// <summary>Changes of a workspace's settings by field mask.</summary>
internal static class WorkspacePatch
{
    public static void Check(UpdateWorkspaceRequest request)
    {
        var violations = new Violations();
        if (request.IfVersion < 0)
            violations.Add("if_version", "It is a version that a read answered with, or 0.");
        if (request.UpdateMask is not { Paths.Count: > 0 })
            violations.Add("update_mask", "Name what to change: embedding.ingest, chunking or labels.");
        else
            CheckPaths(request, violations);
        WorkspaceRules.CheckEmbedding(request.Workspace.Embedding, violations);
        WorkspaceRules.CheckChunking(request.Workspace.Chunking, violations);
        WorkspaceRules.CheckLabels(request.Workspace, violations);
        violations.ThrowIfAny();
    }

    /// <summary>Takes what the mask names from the request. A field that is not set goes back to its default.</summary>
    public static void Apply(UpdateWorkspaceRequest request, Workspace settings)
    {
        var asked = request.Workspace;
        settings.Embedding ??= new EmbeddingSettings();
        settings.Chunking ??= new ChunkingSettings();
        foreach (var path in request.UpdateMask.Paths)
        {
            switch (path)
            {
                case "embedding" or "embedding.ingest":
                    settings.Embedding.Ingest = asked.Embedding?.Ingest ?? EmbeddingIngest.Unspecified;
                    break;
                case "chunking":
                    settings.Chunking = asked.Chunking?.Clone() ?? new ChunkingSettings();
                    break;
                case "chunking.target_tokens":
                    settings.Chunking.TargetTokens = asked.Chunking?.TargetTokens ?? 0;
                    break;
                case "chunking.max_tokens":
                    settings.Chunking.MaxTokens = asked.Chunking?.MaxTokens ?? 0;
                    break;
                case "chunking.overlap_tokens":
                    settings.Chunking.OverlapTokens = asked.Chunking?.OverlapTokens ?? 0;
                    break;
                case "labels":
                    settings.Labels.Clear();
                    settings.Labels.Add(asked.Labels);
                    break;
            }
        }
    }

    private static void CheckPaths(UpdateWorkspaceRequest request, Violations violations)
    {
        for (var i = 0; i < request.UpdateMask.Paths.Count; i++)
        {
            var path = request.UpdateMask.Paths[i];
            if (path is "embedding" or "embedding.ingest" or "chunking" or "chunking.target_tokens"
                or "chunking.max_tokens" or "chunking.overlap_tokens" or "labels")
                continue;
            violations.Add($"update_mask.paths[{i}]", path is "spaces" or "text" or "spread" or "name" or "partitions"
                or "multi_vector_dimension"
                ? $"'{path}' is fixed at creation: make another workspace."
                : $"'{MetadataRules.Shorten(path)}' cannot be changed: name embedding.ingest, chunking or labels.");
        }
    }
}
