using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace NATS.Client.Core;

/// <summary>
/// How a <see cref="NatsConnection"/> connects and what it may use. Immutable; checked when the connection is made,
/// with every fault named at once.
/// </summary>
public sealed record NatsOpts
{
    /// <summary>The defaults of every option.</summary>
    public static readonly NatsOpts Default = new();

    /// <summary>
    /// Servers, separated by commas (<c>nats://localhost:4222</c>). Schemes: <c>nats</c> and <c>tls</c>; the port
    /// defaults to 4222. User and password, or a token, may stand in the first one (<c>nats://user:password@host</c>).
    /// </summary>
    public string Url { get; init; } = "nats://localhost:4222";

    /// <summary>Name of this connection in the server's lists.</summary>
    public string Name { get; init; } = "NATS .NET Client";

    /// <summary>Whether the server sends messages of this connection to its own subscriptions too (true).</summary>
    public bool Echo { get; init; } = true;

    /// <summary>Whether the server confirms each command with +OK, for debugging (false).</summary>
    public bool Verbose { get; init; }

    /// <summary>Whether to speak of headers and of "no responders" with the server (true).</summary>
    public bool Headers { get; init; } = true;

    /// <summary>Who this client is.</summary>
    public NatsAuthOpts AuthOpts { get; init; } = NatsAuthOpts.Default;

    /// <summary>Transport security.</summary>
    public NatsTlsOpts TlsOpts { get; init; } = NatsTlsOpts.Default;

    /// <summary>Finds serializers for types where a call names none.</summary>
    public INatsSerializerRegistry SerializerRegistry { get; init; } = NatsDefaultSerializerRegistry.Default;

    /// <summary>Where log lines go (nowhere).</summary>
    public ILoggerFactory LoggerFactory { get; init; } = NullLoggerFactory.Instance;

    /// <summary>
    /// Bytes of commands that may wait to be sent (256 KiB). A publisher beyond that waits for room. It also is what is
    /// kept while there is no connection.
    /// </summary>
    public int WriterBufferSize { get; init; } = 256 * 1024;

    /// <summary>Bytes of one read buffer (64 KiB); a larger message takes several.</summary>
    public int ReaderBufferSize { get; init; } = 64 * 1024;

    /// <summary>First token of reply subjects (_INBOX).</summary>
    public string InboxPrefix { get; init; } = "_INBOX";

    /// <summary>Whether servers are tried in the order of <see cref="Url"/> instead of a random one (false).</summary>
    public bool NoRandomize { get; init; }

    /// <summary>Time between pings (2 minutes).</summary>
    public TimeSpan PingInterval { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Unanswered pings after which the connection counts as dead (2).</summary>
    public int MaxPingOut { get; init; } = 2;

    /// <summary>Wait after the first failed round over all servers; doubles with each (2 s).</summary>
    public TimeSpan ReconnectWaitMin { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>The longest wait between two rounds, jitter left out (5 s).</summary>
    public TimeSpan ReconnectWaitMax { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>A random part is added to each wait, up to this (100 ms).</summary>
    public TimeSpan ReconnectJitter { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Rounds over all servers before giving up for good; −1 is never (−1).</summary>
    public int MaxReconnectRetry { get; init; } = -1;

    /// <summary>Whether the first connection is retried as a lost one is (false: it throws).</summary>
    public bool RetryOnInitialConnect { get; init; }

    /// <summary>Whether to go on when a server refuses the same credentials twice (false: it gives up).</summary>
    public bool IgnoreAuthErrorAbort { get; init; }

    /// <summary>Limit of one attempt: socket, TLS and greeting together (2 s).</summary>
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How long a request waits for its reply (5 s).</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a command waits for room in the send buffer, or a ping for its answer (5 s).</summary>
    public TimeSpan CommandTimeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Messages that may wait in one subscription (1,024).</summary>
    public int SubPendingChannelCapacity { get; init; } = 1024;

    /// <summary>Bytes of payload and headers that may wait in one subscription (64 MiB).</summary>
    public long SubPendingBytes { get; init; } = 64 * 1024 * 1024;

    /// <summary>
    /// What happens when a subscription is full (DropNewest). The three that drop count and report it
    /// (<see cref="NatsConnection.MessageDropped"/>). <see cref="BoundedChannelFullMode.Wait"/> drops nothing here: the
    /// subscription gets a connection of its own, which stops reading, so that no other one waits; a server that cannot
    /// send for long ends such a connection, which is reported as a slow consumer.
    /// </summary>
    public BoundedChannelFullMode SubPendingChannelFullMode { get; init; } = BoundedChannelFullMode.DropNewest;

    /// <summary>Names the connection, never its credentials, which a URL may hold too.</summary>
    public override string ToString() => $"NatsOpts {{ Name = {Name}, {AuthOpts} }}";
}
