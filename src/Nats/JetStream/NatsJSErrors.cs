namespace NATS.Client.JetStream;

/// <summary>JetStream's own error numbers (<see cref="Models.ApiError.ErrCode"/>) that callers tell apart.</summary>
public static class NatsJSErrors
{
    /// <summary>No such consumer.</summary>
    public const int ConsumerNotFound = 10014;

    /// <summary>No such message.</summary>
    public const int NoMessageFound = 10037;

    /// <summary>The stream's name is taken, with another configuration.</summary>
    public const int StreamNameInUse = 10058;

    /// <summary>No such stream.</summary>
    public const int StreamNotFound = 10059;

    /// <summary>Another writer was faster: the expected last sequence is not the last one.</summary>
    public const int WrongLastSequence = 10071;
}
