using Microsoft.Extensions.Logging;
using Rag.Engine.Storage;

namespace Rag.Shard.Refinement;

/// <summary>Log messages of refinement; event ids 6020–6039.</summary>
internal static partial class RefinementLog
{
    [LoggerMessage(6020, LogLevel.Warning, "Refining slice {Slice} with model {Model} failed; it pauses for half a minute.")]
    public static partial void Paused(ILogger logger, SliceId slice, string model, Exception fault);

    [LoggerMessage(6021, LogLevel.Error, "Looking for vectors to refine failed; it is tried again in half a minute.")]
    public static partial void LookFailed(ILogger logger, Exception fault);
}
