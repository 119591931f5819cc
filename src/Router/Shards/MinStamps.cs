using Google.Protobuf.Collections;
using Rag.Internal.V1;

namespace Rag.Router.Shards;

internal static class MinStamps
{
    /// <summary>Adds those positions that are of the target's partitions.</summary>
    public static void AddTo(RepeatedField<Stamp> request, Stamp[] stamps, Target target)
    {
        foreach (var stamp in stamps)
        {
            if (target.Partitions.Contains(stamp.Partition))
                request.Add(stamp);
        }
    }
}
