using System.Numerics;
using System.Runtime.InteropServices;
using System.Text;
using Rag.Engine.Indexing;
using Rag.Engine.Mutations;

namespace Rag.Engine;

/// <summary>Checks writes against the limits and the workspace's settings before they are logged.</summary>
internal static class WriteValidator
{
    private const int InfinityBits = 0x7F800000;

    private static readonly UTF8Encoding StrictUtf8 = new(false, throwOnInvalidBytes: true);

    /// <summary>A sentence that says what is wrong with a chunk, or null.</summary>
    public static string? FindError(ChunkWrite? chunk, WorkspaceSettings settings)
    {
        if (chunk is null)
            return "The chunk is missing.";
        if (FindKeyError(chunk.Key) is { } error)
            return error;
        if ((chunk.Fields & ~ChunkFields.Patch) == 0 || (chunk.Fields & ~ChunkFields.Known) != 0)
            return "The mask must name at least one of text, metadata, vectors, attributes, sparse vector, multi-vector.";
        if (chunk.Text is { } text)
        {
            if (ByteCount(text) is not { } bytes)
                return "The text holds half a surrogate pair; send valid Unicode.";
            if (bytes > StoreLimits.MaxTextBytes)
                return $"The text has {bytes} bytes, over the {StoreLimits.MaxTextBytes} allowed; cut it into chunks.";
        }

        if (chunk.Attributes.Length > StoreLimits.MaxAttributeBytes)
            return $"The attributes have more than {StoreLimits.MaxAttributeBytes} bytes; keep less of them.";
        return FindMetadataError(chunk.Metadata) ?? chunk.MultiVector?.FindError() ?? chunk.Sparse.FindError()
            ?? FindVectorError(chunk, settings);
    }

    public static string? FindKeyError(ChunkKey key) =>
        FindIdError(key.DocumentId, "document id") ?? FindIdError(key.ChunkId, "chunk id");

    public static string? FindIdError(string? id, string what)
    {
        if (string.IsNullOrEmpty(id))
            return $"The {what} is empty; give 1–{StoreLimits.MaxIdBytes} bytes of UTF-8.";
        if (id.Length > StoreLimits.MaxIdBytes || ByteCount(id) is not { } bytes)
            return $"The {what} is too long or not valid Unicode; give 1–{StoreLimits.MaxIdBytes} bytes of UTF-8.";
        return bytes > StoreLimits.MaxIdBytes
            ? $"The {what} has {bytes} bytes; give 1–{StoreLimits.MaxIdBytes} bytes of UTF-8."
            : null;
    }

    /// <summary>A sentence that says why a vector does not fit a space, or null; used for queries too.</summary>
    public static string? FindVectorError(ReadOnlySpan<float> vector, VectorSpaceSettings space)
    {
        if (vector.Length != space.Dimension)
            return $"The vector has {vector.Length} components; space '{space.Name}' has {space.Dimension} dimensions.";
        var largest = LargestMagnitude(vector);
        if (largest >= InfinityBits)
            return $"The vector for space '{space.Name}' holds NaN or an infinity; send finite numbers.";
        return largest == 0 && space.Metric == Metric.Cosine
            ? $"The vector for space '{space.Name}' is all zero, which has no direction; cosine needs one."
            : null;
    }

    public static string? FindSettingsError(WorkspaceSettings settings)
    {
        if (settings.Version == 0)
            return "Settings have versions from 1.";
        if (settings.State is < WorkspaceState.Creating or > WorkspaceState.Deleting)
            return "The settings name no state of a workspace.";
        if (settings.Extension.Length > StoreLimits.MaxSettingsExtensionBytes)
            return $"The settings' extension has more than {StoreLimits.MaxSettingsExtensionBytes} bytes.";
        if (settings.Spaces.Count > StoreLimits.MaxSpaces)
            return $"A workspace has at most {StoreLimits.MaxSpaces} vector spaces.";
        var names = new HashSet<string>();
        foreach (var space in settings.Spaces)
        {
            if (space.Name is null || ByteCount(space.Name) is not <= StoreLimits.MaxSpaceNameBytes)
                return $"A vector space's name has at most {StoreLimits.MaxSpaceNameBytes} bytes of UTF-8.";
            if (!names.Add(space.Name))
                return $"Two vector spaces have the name '{space.Name}'.";
            if (space.Dimension is < 1 or > StoreLimits.MaxDimension)
                return $"Space '{space.Name}' must have 1–{StoreLimits.MaxDimension} dimensions.";
            if (space.Metric is < Metric.Cosine or > Metric.L2
                || !Enum.IsDefined(space.Codec))
                return $"Space '{space.Name}' names a metric or a codec that does not exist.";
            if (space.Codec == VectorCodec.Binary && space.Dimension < VectorIndexOptions.MinBinaryDimension)
                return $"Space '{space.Name}' has {space.Dimension} dimensions; binary codes need "
                    + $"{VectorIndexOptions.MinBinaryDimension} or more.";
            if (space.M is < 4 or > 64 || space.EfConstruction < space.M || space.EfConstruction > 1000
                || space.ExactThreshold < 0)
                return $"Space '{space.Name}' must have M 4–64, efConstruction M–1,000 and a threshold from 0.";
        }

        return null;
    }

    private static string? FindMetadataError(IReadOnlyDictionary<string, MetadataValue>? metadata)
    {
        if (metadata is null)
            return "The metadata is missing; leave it empty instead.";
        foreach (var (key, value) in metadata)
        {
            if (key.Length == 0 || ByteCount(key) is not <= StoreLimits.MaxMetadataKeyBytes)
                return $"A metadata key must have 1–{StoreLimits.MaxMetadataKeyBytes} bytes of UTF-8.";
            if (value.Kind is < MetadataKind.String or > MetadataKind.Location)
                return $"Metadata '{key}' has no value; leave the key out.";
            for (var i = 0; i < value.Count; i++)
            {
                if (value.Kind == MetadataKind.Float && double.IsNaN(value.AsFloat(i)))
                    return $"Metadata '{key}' is not a number; leave the key out.";
                if (value.Kind == MetadataKind.Location && !value.AsLocation(i).IsValid)
                    return $"Metadata '{key}' is no place: latitude is −90 to 90 degrees, longitude −180 to 180.";
                if (value.Kind == MetadataKind.String
                    && (value.AsString(i) is null || ByteCount(value.AsString(i)) is null))
                    return $"Metadata '{key}' holds text that is not valid Unicode.";
            }
        }

        return metadata.Count > 0 && MetadataCodec.Measure(metadata) > StoreLimits.MaxMetadataBytes
            ? $"The metadata takes more than {StoreLimits.MaxMetadataBytes} bytes; keep less of it."
            : null;
    }

    // Of floats without their signs the bits are ordered as the numbers are, with infinity and NaN behind all others: one
    // pass without branches.
    private static int LargestMagnitude(ReadOnlySpan<float> vector)
    {
        var bits = MemoryMarshal.Cast<float, int>(vector);
        var largest = 0;
        if (bits.Length >= Vector<int>.Count)
        {
            var most = Vector<int>.Zero;
            for (; bits.Length >= Vector<int>.Count; bits = bits[Vector<int>.Count..])
                most = Vector.Max(most, new Vector<int>(bits) & new Vector<int>(int.MaxValue));
            for (var i = 0; i < Vector<int>.Count; i++)
                largest = Math.Max(largest, most[i]);
        }

        foreach (var component in bits)
            largest = Math.Max(largest, component & int.MaxValue);
        return largest;
    }

    private static string? FindVectorError(ChunkWrite chunk, WorkspaceSettings settings)
    {
        if ((chunk.Fields & ChunkFields.Vectors) == 0)
            return null;
        if (chunk.Vectors is null)
            return "The vectors are missing; leave the list empty instead.";
        for (var i = 0; i < chunk.Vectors.Count; i++)
        {
            var vector = chunk.Vectors[i];
            if (vector.Space is null || settings.FindSpace(vector.Space) is not { } space)
                return $"The workspace has no vector space '{vector.Space}'; name one of those in its settings.";
            for (var j = 0; j < i; j++)
            {
                if (chunk.Vectors[j].Space == vector.Space)
                    return $"There are two vectors for space '{vector.Space}'; send one.";
            }

            if (vector.Encoder > VectorEncoder.Lookup)
                return $"The vector for space '{vector.Space}' names an encoder that does not exist.";
            // In a patch an empty vector removes what is there.
            if (vector.Values.IsEmpty && chunk.Fields != ChunkFields.All)
                continue;
            if (FindVectorError(vector.Values.Span, space) is { } error)
                return error;
        }

        return null;
    }

    private static int? ByteCount(string text)
    {
        try
        {
            return StrictUtf8.GetByteCount(text);
        }
        catch (EncoderFallbackException)
        {
            return null;
        }
    }
}
