namespace Grpc.Framing;

/// <summary>A message failed when a part of it was in the output: the stream can only be reset.</summary>
internal sealed class BrokenFrameException(Exception cause)
    : Exception("A message could not be serialised.", cause);
