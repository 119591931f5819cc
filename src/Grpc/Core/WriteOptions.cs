namespace Grpc.Core;

/// <summary>How one message is written.</summary>
[Flags]
public enum WriteFlags
{
    /// <summary>Written at once, compressed if the call is.</summary>
    None = 0,

    /// <summary>May stay in the buffer until a later message without this flag or the stream's end sends it.</summary>
    BufferHint = 1,

    /// <summary>Not compressed, even in a compressed call.</summary>
    NoCompress = 2,
}

/// <summary>Options of the messages that a stream writes from now on. Immutable.</summary>
public class WriteOptions(WriteFlags flags = WriteFlags.None)
{
    /// <summary>No flags.</summary>
    public static readonly WriteOptions Default = new();

    /// <summary>The flags.</summary>
    public WriteFlags Flags { get; } = flags;
}
