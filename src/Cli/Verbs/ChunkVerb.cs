using System.CommandLine;
using Rag.Cli.Ingestion;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag chunk list|get|count|delete</c>.</summary>
internal static class ChunkVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "chunk", "Write, look at, count and remove single chunks.",
        "rag chunk put chunks.jsonl -w handbook",
        "rag chunk list -w handbook --document travel.md",
        "rag chunk count -w handbook --filter 'year<2020'",
        "rag chunk delete -w handbook --filter 'year<2020'")
    {
        Put(terminal), List(terminal), Get(terminal), Count(terminal), Delete(terminal),
    };

    private static Verb Put(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var file = new Argument<string>("FILE") { Description = "A rag.v1.Chunk as JSON on each line; - reads the input." };
        var verb = new Verb("put", "Write chunks as they are, with vectors of your own.") { file, workspace };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var outcome = await call.Client.Workspace(call.Parsed.GetValue(workspace)!).Chunks
                .UpsertManyAsync(ChunkLines.ReadAsync(call.Parsed.GetValue(file)!, stop), cancellationToken: stop);
            var answer = new BulkUpsertChunksResponse { WrittenCount = outcome.Written, FailedCount = outcome.Failed };
            call.Print(answer, response => $"{response.WrittenCount} chunks are written.");
            if (outcome.Failed > 0)
            {
                var first = outcome.Failures[0];
                throw new CliException(
                    $"{outcome.Failed} chunks are not written; {first.DocumentId}/{first.ChunkId}: {first.Error.Message}");
            }
        });
    }

    private static Verb List(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var (document, filter) = (DocumentOption(), FilterOption());
        var limit = new Option<long>("--limit") { Description = "At most this many.", DefaultValueFactory = _ => long.MaxValue };
        var verb = new Verb("list", "List chunks in order of document and chunk id.") { workspace, document, filter, limit };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var left = call.Parsed.GetValue(limit);
            var chunks = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Chunks.ListAsync(
                call.Parsed.GetValue(document) ?? "", Condition(call, filter), cancellationToken: stop);
            await foreach (var chunk in chunks)
            {
                if (left-- <= 0)
                    break;
                call.Print(chunk, Line);
            }
        });
    }

    private static Verb Get(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var document = DocumentOption();
        var id = new Argument<string>("CHUNK") { Description = "Its id." };
        var verb = new Verb("get", "Show one chunk.") { id, document, workspace };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var key = new ChunkKey { ChunkId = call.Parsed.GetValue(id), DocumentId = call.Parsed.GetValue(document) ?? "" };
            var found = await call.Client.Workspace(call.Parsed.GetValue(workspace)!).Chunks
                .GetAsync([key], cancellationToken: stop);
            if (found.Chunks.Count == 0)
                throw new CliException($"There is no chunk {key.ChunkId}; a chunk of a document needs --document too.");
            call.Print(found.Chunks[0], Details);
        });
    }

    private static Verb Count(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var (document, filter) = (DocumentOption(), FilterOption());
        var verb = new Verb("count", "Count chunks.") { workspace, document, filter };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var count = await call.Client.Workspace(call.Parsed.GetValue(workspace)!).Chunks
                .CountAsync(call.Parsed.GetValue(document) ?? "", Condition(call, filter), stop);
            call.Print(new CountChunksResponse { Count = count }, response => $"{response.Count}");
        });
    }

    private static Verb Delete(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var (document, filter) = (DocumentOption(), FilterOption());
        var verb = new Verb("delete", "Remove a document's chunks, or all that match.") { workspace, document, filter };
        return EngineVerb.With(verb, terminal, async (call, stop) =>
        {
            var chunks = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Chunks;
            var gone = (call.Parsed.GetValue(document), Condition(call, filter)) switch
            {
                ({ } id, null) => await chunks.DeleteDocumentsAsync([id], stop),
                (null, { } condition) => await chunks.DeleteAsync(condition, stop),
                _ => throw new CliException("Say what to delete: either --document or --filter.", ExitCode.Usage),
            };
            call.Print(gone, response => $"{response.DeletedCount} chunks are gone.");
        });
    }

    private static Filter? Condition(EngineCall call, Option<string[]> filter) =>
        FilterSyntax.Parse(call.Parsed.GetValue(filter) ?? []);

    private static Option<string?> DocumentOption() =>
        new("--document") { Description = "Only this document's chunks.", HelpName = "ID" };

    private static Option<string[]> FilterOption() =>
        new("--filter", "-f") { Description = "Condition on metadata, as for search.", HelpName = "CONDITION" };

    private static string Line(Chunk chunk) =>
        $"{chunk.DocumentId}  {chunk.ChunkId}  {SearchResults.Snippet(chunk.Text)}";

    private static string Details(Chunk chunk) =>
        $"{chunk.DocumentId}  {chunk.ChunkId}  version {chunk.Version}{Environment.NewLine}{chunk.Text}";
}
