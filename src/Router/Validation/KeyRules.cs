using Google.Protobuf.Collections;
using Rag.V1;

namespace Rag.Router.Validation;

internal static class KeyRules
{
    /// <summary>Notes what is wrong with 1 to 1,000 keys.</summary>
    public static void Check(RepeatedField<ChunkKey> keys, string field, Violations violations)
    {
        if (keys.Count is 0 or > Limits.Batch)
            violations.Add(field, $"There are {keys.Count}: send 1 to {Limits.Batch}.");
        for (var i = 0; i < keys.Count; i++)
        {
            if (TextRules.IdFault(keys[i].ChunkId) is { } chunkFault)
                violations.Add($"{field}[{i}].chunk_id", chunkFault);
            if (keys[i].DocumentId.Length > 0 && TextRules.IdFault(keys[i].DocumentId) is { } documentFault)
                violations.Add($"{field}[{i}].document_id", documentFault);
        }
    }
}
