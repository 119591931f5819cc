using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Rag.Metadata;
using Rag.V1;

namespace Rag.Router.Ingest;

/// <summary>
/// Jobs and documents from the metadata store to the protos. States, outcomes and priorities have the same
/// numbers.
/// </summary>
internal static class IngestMapping
{
    public static Job ToProto(JobRecord job) => new()
    {
        JobId = job.JobId.ToString("D"),
        Workspace = job.Workspace,
        DocumentId = job.DocumentId,
        FileName = job.FileName,
        State = (V1.JobState)job.State,
        Outcome = (V1.JobOutcome)job.Outcome,
        Priority = (V1.JobPriority)job.Priority,
        Reason = job.Reason,
        Attempts = job.Attempts,
        SizeBytes = job.SizeBytes,
        Chunks = job.Chunks,
        ChunksWritten = job.ChunksWritten,
        CreateTime = Timestamp.FromDateTimeOffset(job.CreateTime),
        UpdateTime = Timestamp.FromDateTimeOffset(job.UpdateTime),
    };

    public static Document ToProto(DocumentRecord record, string workspace)
    {
        var document = new Document
        {
            Workspace = workspace,
            DocumentId = record.DocumentId,
            Title = record.Title,
            FileName = record.FileName,
            MediaType = record.MediaType,
            ContentHash = ByteString.CopyFrom(record.ContentHash.Span),
            SizeBytes = record.SizeBytes,
            Chunks = record.Chunks,
            Version = record.Version,
            CreateTime = Timestamp.FromDateTimeOffset(record.CreateTime),
            UpdateTime = Timestamp.FromDateTimeOffset(record.UpdateTime),
        };
        SourceMetadata.Decode(record.Metadata, document.Metadata);
        return document;
    }
}
