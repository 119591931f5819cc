using System.CommandLine;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.V1;

namespace Rag.Cli.Verbs;

/// <summary><c>rag doc list|get|delete</c>.</summary>
internal static class DocVerb
{
    public static Command Create(Terminal terminal) => new Verb(
        "doc", "Look at and remove documents of a workspace.",
        "rag doc list -w handbook", "rag doc get travel.md -w handbook --json", "rag doc delete travel.md -w handbook")
    {
        List(terminal), Get(terminal), Delete(terminal),
    };

    private static Verb List(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        return EngineVerb.With(new Verb("list", "List all documents.") { workspace }, terminal, async (call, stop) =>
        {
            var documents = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Documents;
            await foreach (var document in documents.ListAsync(cancellationToken: stop))
                call.Print(document, Line);
        });
    }

    private static Verb Get(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var id = IdArgument();
        return EngineVerb.With(new Verb("get", "Show one document.") { id, workspace }, terminal, async (call, stop) =>
        {
            var documents = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Documents;
            call.Print(await documents.GetAsync(call.Parsed.GetValue(id)!, stop), Details);
        });
    }

    private static Verb Delete(Terminal terminal)
    {
        var workspace = WorkspaceOption.Create();
        var id = IdArgument();
        return EngineVerb.With(
            new Verb("delete", "Remove a document and all its chunks.") { id, workspace }, terminal, async (call, stop) =>
            {
                var documents = call.Client.Workspace(call.Parsed.GetValue(workspace)!).Documents;
                var gone = await documents.DeleteAsync(call.Parsed.GetValue(id)!, cancellationToken: stop);
                call.Print(gone, response => $"{response.DeletedChunks} chunks are gone.");
            });
    }

    private static Argument<string> IdArgument() => new("DOCUMENT") { Description = "Its id." };

    private static string Line(Document document) =>
        $"{document.DocumentId}  {document.Chunks} chunks  {ByteCount.Format(document.SizeBytes)}  {document.Title}";

    private static string Details(Document document) => string.Join(
        Environment.NewLine,
        $"document    {document.DocumentId}",
        $"title       {document.Title}",
        $"file        {document.FileName} ({document.MediaType})",
        $"size        {ByteCount.Format(document.SizeBytes)}",
        $"chunks      {document.Chunks}",
        $"version     {document.Version}",
        $"sha-256     {Convert.ToHexStringLower(document.ContentHash.Span)}",
        $"updated     {document.UpdateTime?.ToDateTimeOffset():u}");
}
