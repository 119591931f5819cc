using System.Runtime.CompilerServices;
using Google.Protobuf;
using Grpc.Core;
using Rag.V1;

namespace Rag.Client;

/// <summary>Takes files and texts into one workspace and keeps account of them. Thread-safe.</summary>
public sealed class DocumentsClient
{
    private const int PieceBytes = 256 * 1024;

    private readonly IngestService.IngestServiceClient _service;
    private readonly CallRunner _calls;
    private readonly JobsClient _jobs;
    private readonly string _workspace;

    internal DocumentsClient(string workspace, CallInvoker invoker, CallRunner calls, JobsClient jobs)
    {
        _workspace = workspace;
        _service = new IngestService.IngestServiceClient(invoker);
        _calls = calls;
        _jobs = jobs;
    }

    /// <summary>Sends a file and waits until it is searchable or has failed: see the job's state and reason.</summary>
    public async Task<Job> IngestFileAsync(
        string path, IngestSource? source = null, CancellationToken cancellationToken = default)
    {
        var job = await SubmitFileAsync(path, source, cancellationToken);
        return await _jobs.WaitAsync(job.JobId, cancellationToken);
    }

    /// <summary>Sends a text of at most 3 MiB and waits until it is searchable or has failed.</summary>
    public async Task<Job> IngestTextAsync(
        string text, IngestSource source, CancellationToken cancellationToken = default)
    {
        var job = await SubmitTextAsync(text, source, cancellationToken);
        return await _jobs.WaitAsync(job.JobId, cancellationToken);
    }

    /// <summary>Sends a file; returns when its bytes are stored and its job is queued.</summary>
    /// <param name="source">Default: named after the file.</param>
    public Task<Job> SubmitFileAsync(
        string path, IngestSource? source = null, CancellationToken cancellationToken = default)
    {
        source ??= new IngestSource();
        var named = source.FileName.Length > 0 ? source : source with { FileName = Path.GetFileName(path) };
        return SubmitAsync(() => File.OpenRead(path), named, cancellationToken);
    }

    /// <summary>Sends what a stream holds; returns when it is stored and its job is queued.</summary>
    /// <param name="open">Opens the content at its start; called again for each try. The stream is disposed.</param>
    public Task<Job> SubmitAsync(
        Func<Stream> open, IngestSource source, CancellationToken cancellationToken = default)
    {
        var header = new SubmitFileRequest { Source = source.ToMessage(_workspace), RequestId = RequestId.New() };
        return _calls.RepeatAsync(
            async options =>
            {
                await using var content = open();
                using var call = _service.SubmitFile(options);
                await SendAsync(call, header, content, cancellationToken);
                return (await call.ResponseAsync).Job;
            },
            timeout: null,
            cancellationToken);
    }

    /// <summary>Sends a text of at most 3 MiB; returns when it is stored and its job is queued.</summary>
    public async Task<Job> SubmitTextAsync(
        string text, IngestSource source, CancellationToken cancellationToken = default)
    {
        var request = new SubmitTextRequest
        {
            Source = source.ToMessage(_workspace),
            Text = text,
            RequestId = RequestId.New(),
        };
        return (await _calls.RunAsync(options => _service.SubmitTextAsync(request, options), cancellationToken)).Job;
    }

    /// <summary>All documents in bytewise order of their ids, a page at a time.</summary>
    public async IAsyncEnumerable<Document> ListAsync(
        int pageSize = 100, [EnumeratorCancellation] CancellationToken cancellationToken = default)
    {
        var request = new ListDocumentsRequest { Workspace = _workspace, PageSize = pageSize };
        do
        {
            var page = await _calls.RunAsync(options => _service.ListDocumentsAsync(request, options), cancellationToken);
            foreach (var document in page.Documents)
                yield return document;
            // A new message: what was sent is not changed any more.
            request = new ListDocumentsRequest(request) { PageToken = page.NextPageToken };
        }
        while (request.PageToken.Length > 0);
    }

    /// <exception cref="RagException">NotFound: there is no such document.</exception>
    public async Task<Document> GetAsync(string documentId, CancellationToken cancellationToken = default)
    {
        var request = new GetDocumentRequest { Workspace = _workspace, DocumentId = documentId };
        return (await _calls.RunAsync(options => _service.GetDocumentAsync(request, options), cancellationToken)).Document;
    }

    /// <summary>Removes a document and all its chunks.</summary>
    /// <param name="ifVersion">Delete only this version; 0: whatever there is.</param>
    public Task<DeleteDocumentResponse> DeleteAsync(
        string documentId, long ifVersion = 0, CancellationToken cancellationToken = default)
    {
        var request = new DeleteDocumentRequest
        {
            Workspace = _workspace,
            DocumentId = documentId,
            IfVersion = ifVersion,
        };
        return _calls.RunAsync(options => _service.DeleteDocumentAsync(request, options), cancellationToken);
    }

    private static async Task SendAsync(
        AsyncClientStreamingCall<SubmitFileRequest, SubmitFileResponse> call, SubmitFileRequest header, Stream content,
        CancellationToken cancellationToken)
    {
        try
        {
            await call.RequestStream.WriteAsync(header);
            var piece = new byte[PieceBytes];
            int read;
            while ((read = await content.ReadAtLeastAsync(piece, PieceBytes, false, cancellationToken)) > 0)
                await call.RequestStream.WriteAsync(new SubmitFileRequest { Data = ByteString.CopyFrom(piece, 0, read) });
            await call.RequestStream.CompleteAsync();
        }
        catch (Exception failure) when (failure is RpcException or InvalidOperationException)
        {
            // The server answered before it had read everything: the response says why.
        }
    }
}
