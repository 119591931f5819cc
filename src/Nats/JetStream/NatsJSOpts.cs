namespace NATS.Client.JetStream;

/// <summary>How a <see cref="NatsJSContext"/> speaks with JetStream.</summary>
public sealed record NatsJSOpts
{
    /// <summary>First tokens of the API's subjects ($JS.API).</summary>
    public string ApiPrefix { get; init; } = "$JS.API";

    /// <summary>How long an API call or a publish waits for its answer (the connection's RequestTimeout).</summary>
    public TimeSpan? RequestTimeout { get; init; }
}

/// <summary>Options of a publish to a stream.</summary>
public sealed record NatsJSPubOpts
{
    /// <summary>The defaults.</summary>
    public static readonly NatsJSPubOpts Default = new();

    /// <summary>Id by which the stream leaves out duplicates within its DuplicateWindow (Nats-Msg-Id).</summary>
    public string? MsgId { get; init; }

    /// <summary>Refused unless this stream takes the subject.</summary>
    public string? ExpectedStream { get; init; }

    /// <summary>Refused unless this is the id of the last message.</summary>
    public string? ExpectedLastMsgId { get; init; }

    /// <summary>Refused unless this is the last sequence of the whole stream: of several writers exactly one wins.</summary>
    public ulong? ExpectedLastSequence { get; init; }

    /// <summary>
    /// Refused unless this is the last sequence of the subject (0: none). On replicated streams of servers before
    /// 2.9.21 two writers may both win, because it is checked before the proposal and not when it is applied; there use
    /// <see cref="ExpectedLastSequence"/>.
    /// </summary>
    public ulong? ExpectedLastSubjectSequence { get; init; }

    /// <summary>Tries where no stream answers, as during an election (2).</summary>
    public int RetryAttempts { get; init; } = 2;

    /// <summary>Wait between them (250 ms).</summary>
    public TimeSpan RetryWaitBetweenAttempts { get; init; } = TimeSpan.FromMilliseconds(250);
}

/// <summary>Options of one batch.</summary>
public sealed record NatsJSFetchOpts
{
    /// <summary>Messages at most (1,000).</summary>
    public int? MaxMsgs { get; init; }

    /// <summary>Bytes at most (no limit). One message larger than this ends the batch without it.</summary>
    public int? MaxBytes { get; init; }

    /// <summary>How long to wait for messages (30 s).</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>
    /// How often the server says that it still waits (half of Expires, at most 5 s; none where Expires is less than
    /// 2 s). From 100 ms to half of Expires. After two of them missed, and a second, the batch ends.
    /// </summary>
    public TimeSpan? IdleHeartbeat { get; init; }

    /// <summary>Told when the batch ends early, and why.</summary>
    public Action<NatsJSNotification>? NotificationHandler { get; init; }
}

/// <summary>Options of one message.</summary>
public sealed record NatsJSNextOpts
{
    /// <summary>How long to wait (30 s).</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>As in <see cref="NatsJSFetchOpts"/>.</summary>
    public TimeSpan? IdleHeartbeat { get; init; }
}

/// <summary>Options of consuming without an end.</summary>
public sealed record NatsJSConsumeOpts
{
    /// <summary>Messages asked for ahead, at most (1,000).</summary>
    public int? MaxMsgs { get; init; }

    /// <summary>More are asked for when so few are left (half of MaxMsgs).</summary>
    public int? ThresholdMsgs { get; init; }

    /// <summary>Duration of one pull request (30 s).</summary>
    public TimeSpan? Expires { get; init; }

    /// <summary>As in <see cref="NatsJSFetchOpts"/>; after two missed ones the request is made anew.</summary>
    public TimeSpan? IdleHeartbeat { get; init; }

    /// <summary>Told when a request had to be made anew, and why.</summary>
    public Action<NatsJSNotification>? NotificationHandler { get; init; }
}

/// <summary>Something that a consumer's reader may want to know.</summary>
/// <param name="Code">The server's status; 0 where the client saw it itself.</param>
/// <param name="Message">Words.</param>
public sealed record NatsJSNotification(int Code, string Message);

/// <summary>Options of an ordered consumer.</summary>
public sealed record NatsJSOrderedConsumerOpts
{
    /// <summary>Only this subject, which may have wildcards.</summary>
    public string? FilterSubject { get; init; }

    /// <summary>Where it begins (All).</summary>
    public Models.ConsumerConfigDeliverPolicy DeliverPolicy { get; init; }

    /// <summary>With ByStartSequence.</summary>
    public ulong OptStartSeq { get; init; }

    /// <summary>With ByStartTime.</summary>
    public DateTimeOffset? OptStartTime { get; init; }

    /// <summary>Headers without payloads.</summary>
    public bool HeadersOnly { get; init; }

    /// <summary>How long the server keeps its state unused (5 minutes).</summary>
    public TimeSpan InactiveThreshold { get; init; } = TimeSpan.FromMinutes(5);
}

/// <summary>Options of an acknowledgement.</summary>
public readonly record struct AckOpts
{
    /// <summary>Whether to wait until the server has confirmed it (false).</summary>
    public bool? DoubleAck { get; init; }
}
