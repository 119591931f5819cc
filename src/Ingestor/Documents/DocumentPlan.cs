using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using Google.Protobuf;
using Rag.Ingestor.Chunking;
using Rag.Ingestor.Extraction;
using Rag.Internal.V1;
using Rag.Metadata;
using Rag.V1;

namespace Rag.Ingestor.Documents;

/// <summary>How one document is to be cut, and what tells whether that would change anything. Immutable.</summary>
internal sealed class DocumentPlan
{
    private const int DefaultTarget = 200;
    private const int DefaultMax = 254;
    private const int DefaultOverlap = 30;

    private DocumentPlan(string model, ChunkingOptions chunking, byte[] fingerprint)
    {
        Model = model;
        Chunking = chunking;
        Fingerprint = fingerprint;
    }

    /// <summary>The default space's model; empty where vectors come from callers.</summary>
    public string Model { get; }

    public ChunkingOptions Chunking { get; }

    /// <summary>
    /// Hash of everything but the content that decides about the chunks and their vectors. 32 bytes.
    /// </summary>
    public ReadOnlyMemory<byte> Fingerprint { get; }

    public static DocumentPlan Of(JobRecord job, GetSettingsResponse settings)
    {
        var space = settings.Settings.Spaces.FirstOrDefault(space => space.Name.Length == 0);
        var model = space?.Model ?? "";
        var chunking = Chunked(settings.Settings.Chunking, settings.MaxTokens);
        return new DocumentPlan(model, chunking, Hash(job, settings.Settings, model, chunking));
    }

    /// <summary>True where a document on record is what this job would make of it.</summary>
    public bool IsSameAs(DocumentRecord known, JobRecord job) =>
        known.ContentHash.Span.SequenceEqual(job.ContentHash.Span) && known.Fingerprint.Span.SequenceEqual(Fingerprint.Span);

    private static ChunkingOptions Chunked(ChunkingSettings? settings, int modelMax)
    {
        var max = settings is { MaxTokens: > 0 } ? settings.MaxTokens : modelMax > 0 ? modelMax : DefaultMax;
        max = Math.Clamp(max, 16, 8192);
        var target = Math.Clamp(settings is { TargetTokens: > 0 } ? settings.TargetTokens : DefaultTarget, 16, max);
        var overlap = settings?.OverlapTokens switch { null or 0 => DefaultOverlap, < 0 => 0, var given => given.Value };
        return new ChunkingOptions
        {
            TargetTokens = target,
            MaxTokens = max,
            OverlapTokens = Math.Min(overlap, target / 2),
        };
    }

    private static byte[] Hash(JobRecord job, Workspace settings, string model, ChunkingOptions chunking)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> numbers = stackalloc byte[24];
        BinaryPrimitives.WriteInt32LittleEndian(numbers, DocumentExtractor.Version);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[4..], Chunker.Version);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[8..], chunking.TargetTokens);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[12..], chunking.MaxTokens);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[16..], chunking.OverlapTokens);
        BinaryPrimitives.WriteInt32LittleEndian(numbers[20..], (int)(settings.Embedding?.Ingest ?? 0));
        hash.AppendData(numbers);
        // The file's name is part of its record, and its ending decides how it is read.
        Append(model);
        Append(job.FileName);
        Append(job.MediaType);
        hash.AppendData(job.Metadata.Span);
        return hash.GetHashAndReset();

        void Append(string text)
        {
            var bytes = Encoding.UTF8.GetBytes(text);
            Span<byte> length = stackalloc byte[4];
            BinaryPrimitives.WriteInt32LittleEndian(length, bytes.Length);
            hash.AppendData(length);
            hash.AppendData(bytes);
        }
    }

    /// <summary>Id of what one try of a job writes; the next try has another, so their chunks never mix.</summary>
    public static ByteString Generation(JobRecord job, long fence)
    {
        Span<byte> seed = stackalloc byte[24];
        job.JobId.TryWriteBytes(seed, bigEndian: true, out _);
        BinaryPrimitives.WriteInt64BigEndian(seed[16..], fence);
        return ByteString.CopyFrom(SHA256.HashData(seed).AsSpan(0, 16));
    }
}
