using System.Text;
using Grpc.Core;
using Rag.Metadata;
using Rag.Router.Access;
using Rag.Router.Errors;
using Rag.Router.Services;
using Rag.Router.Shards;
using Rag.Router.Validation;
using Rag.Router.Workspaces;
using Rag.V1;

namespace Rag.Router.Ingest;

/// <summary>
/// Takes sources in: bytes into the blob store, hashed on the way, then a job. What stops before the job leaves
/// nothing. Thread-safe.
/// </summary>
internal sealed class SubmitHandler(
    IMetadataStore metadata, WorkspaceDirectory directory, CallPipeline pipeline, RouterOptions options,
    RouterMetrics metrics, IJobBell bell)
{
    /// <summary>An upload that sends nothing for so long is given up, so that it holds no slot for ever.</summary>
    private static readonly TimeSpan IdleTimeout = TimeSpan.FromMinutes(2);

    public async Task<SubmitFileResponse> SubmitFileAsync(
        IAsyncStreamReader<SubmitFileRequest> requests, ServerCallContext context, CallScope scope)
    {
        using var idle = CancellationTokenSource.CreateLinkedTokenSource(scope.Token);
        if (!await NextAsync(requests, idle) || requests.Current.PartCase != SubmitFileRequest.PartOneofCase.Source)
            throw Refuse.Invalid("source", "The first message describes the source: send it before the bytes.");
        var source = requests.Current.Source;
        var requestId = RequestIdRules.Read(requests.Current.RequestId);
        pipeline.Authorize(context, source.Workspace, WorkspaceAction.WriteDocuments);
        var upload = await PrepareAsync(source, requestId, scope);
        if (upload.Former is { } former)
            return new SubmitFileResponse { Job = IngestMapping.ToProto(former) };

        await using var writer = metadata.Blobs.Create(upload.JobId);
        while (await NextAsync(requests, idle))
        {
            CheckPiece(requests.Current, writer.Length);
            await writer.AppendAsync(requests.Current.Data.Memory, scope.Token);
        }

        return new SubmitFileResponse { Job = IngestMapping.ToProto(await QueueAsync(upload, writer, scope)) };
    }

    public async Task<SubmitTextResponse> SubmitTextAsync(SubmitTextRequest request, CallScope scope)
    {
        if (request.Source is null)
            throw Refuse.Invalid("source", "Describe the source: workspace and document id.");
        if (TextRules.IsLonger(request.Text, Limits.InlineTextBytes))
            throw Refuse.Invalid("text", $"It is longer than {Limits.InlineTextBytes} bytes of UTF-8: use SubmitFile.");
        var upload = await PrepareAsync(request.Source, RequestIdRules.Read(request.RequestId), scope);
        if (upload.Former is { } former)
            return new SubmitTextResponse { Job = IngestMapping.ToProto(former) };
        // Text at hand is text, whatever it looks like.
        if (upload.Source.MediaType.Length == 0 && upload.Source.FileName.Length == 0)
            upload = upload with { MediaType = "text/plain" };
        await using var writer = metadata.Blobs.Create(upload.JobId);
        await writer.AppendAsync(Encoding.UTF8.GetBytes(request.Text), scope.Token);
        return new SubmitTextResponse { Job = IngestMapping.ToProto(await QueueAsync(upload, writer, scope)) };
    }

    private async Task<Upload> PrepareAsync(DocumentSource source, Guid? requestId, CallScope scope)
    {
        var documentId = SourceRules.Check(source);
        var workspace = await directory.GetAsync(source.Workspace, scope.Token);
        var former = requestId is { } id
            ? await metadata.Jobs.FindByRequestAsync(workspace.Uid, id.ToString("D"), scope.Token)
            : null;
        return new Upload(
            Guid.CreateVersion7(), workspace, source, documentId, source.MediaType, requestId?.ToString("D") ?? "",
            former);
    }

    private async Task<JobRecord> QueueAsync(Upload upload, IBlobWriter writer, CallScope scope)
    {
        var content = await writer.CompleteAsync(scope.Token);
        JobEnqueue queued;
        try
        {
            queued = await metadata.Jobs.EnqueueAsync(new NewJob
            {
                JobId = upload.JobId,
                WorkspaceUid = upload.Workspace.Uid,
                Workspace = upload.Workspace.Name,
                DocumentId = upload.DocumentId,
                FileName = upload.Source.FileName,
                MediaType = upload.MediaType,
                Metadata = SourceMetadata.Encode(upload.Source.Metadata),
                Force = upload.Source.Force,
                Priority = upload.Source.Priority == V1.JobPriority.Unspecified
                    ? Metadata.JobPriority.Normal
                    : (Metadata.JobPriority)upload.Source.Priority,
                SizeBytes = content.SizeBytes,
                ContentHash = content.Sha256,
                RequestId = upload.RequestId,
            }, options.MaxUnfinishedJobs, scope.Token);
        }
        catch
        {
            await metadata.Blobs.DeleteAsync(upload.JobId, CancellationToken.None);
            throw;
        }

        if (queued.Status == JobEnqueueStatus.Queued)
        {
            metrics.JobQueued(content.SizeBytes);
            bell.Ring();
            return queued.Job!;
        }

        await metadata.Blobs.DeleteAsync(upload.JobId, CancellationToken.None);
        if (queued.Status == JobEnqueueStatus.WorkspaceGone)
            directory.Forget(upload.Workspace.Name);
        return queued.Status switch
        {
            JobEnqueueStatus.Repeated => queued.Job!,
            JobEnqueueStatus.QueueFull => throw Refuse.Exhausted(
                $"Workspace '{upload.Workspace.Name}' has {options.MaxUnfinishedJobs} unfinished jobs: "
                + "try again when some are done."),
            _ => throw Refuse.NoWorkspace(upload.Workspace.Name),
        };
    }

    private void CheckPiece(SubmitFileRequest message, long before)
    {
        if (message.PartCase != SubmitFileRequest.PartOneofCase.Data)
            throw Refuse.Invalid("data", "After the first message there are only bytes: send one file in each call.");
        if (message.Data.Length > Limits.PieceBytes)
            throw Refuse.Invalid("data", $"A piece has at most {Limits.PieceBytes} bytes: send more of them.");
        if (before + message.Data.Length > options.MaxFileBytes)
            throw Refuse.Invalid("data", $"The file is larger than {options.MaxFileBytes} bytes: split it.");
    }

    private static async Task<bool> NextAsync(
        IAsyncStreamReader<SubmitFileRequest> requests, CancellationTokenSource idle)
    {
        idle.CancelAfter(IdleTimeout);
        var more = await requests.MoveNext(idle.Token);
        idle.CancelAfter(Timeout.InfiniteTimeSpan);
        return more;
    }

    /// <summary>A source on its way to being a job.</summary>
    /// <param name="Former">The job that the same request made before, or null.</param>
    private sealed record Upload(
        Guid JobId, KnownWorkspace Workspace, DocumentSource Source, string DocumentId, string MediaType,
        string RequestId, JobRecord? Former);
}
