using System.Globalization;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.InProcess;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using NATS.Client.Core;
using NATS.Client.JetStream;
using NATS.Client.JetStream.Models;
using Rag.Hosting.Messaging;
using Rag.Router.Errors;
using Rag.Router.Validation;
using Rag.V1;

namespace Rag.Router.Publishing;

/// <summary>
/// Takes documents that callers publish to NATS, together with all other routers. Each message becomes a call of this
/// router's own SubmitFile within the process, so it passes the same pipeline, gate and limits as a call over gRPC.
/// <code>
/// publish ──▶ stream (bounded; refuses when full) ──▶ pull consumer of all routers ──▶ IngestService.SubmitFile
///    ▲                                                                                  │
///    └── reply: the job, or a google.rpc.Status ◀── ack │ nak and later │ terminate ◀───┘
/// </code>
/// </summary>
internal sealed class DocumentConsumer : BackgroundService
{
    /// <summary>Less than the time after which NATS would give the message to another router.</summary>
    private static readonly TimeSpan CallTimeout = TimeSpan.FromSeconds(45);

    private static readonly TimeSpan AckWait = TimeSpan.FromSeconds(90);
    private static readonly TimeSpan FirstDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan FailurePause = TimeSpan.FromSeconds(1);

    private readonly IngestService.IngestServiceClient _ingest;
    private readonly DurableQueue _queue;
    private readonly PublishingAnswers _answers;
    private readonly PublishingOptions _options;
    private readonly RouterMetrics _metrics;
    private readonly TimeProvider _time;
    private readonly ILogger<DocumentConsumer> _logger;
    private readonly SemaphoreSlim _room;

    public DocumentConsumer(
        IServiceProvider services, INatsConnection connection, NatsOptions nats, PublishingOptions options,
        RouterMetrics metrics, TimeProvider time, ILoggerFactory loggers)
    {
        var server = new InProcessServer(new InProcessServerOptions { LoggerFactory = loggers }).BindRouter(services);
        _ingest = new IngestService.IngestServiceClient(server.CreateCallInvoker());
        _queue = new DurableQueue(
            connection,
            new StreamConfig(nats.Stream("ingest"), [nats.Subject("ingest.*")])
            {
                Retention = StreamConfigRetention.Workqueue,
                Discard = StreamConfigDiscard.New,
                DiscardNewPerSubject = true,
                MaxMsgsPerSubject = options.MaxWaitingPerWorkspace,
                MaxBytes = options.MaxWaitingBytes,
                MaxMsgSize = options.MaxMessageBytes,
                NumReplicas = nats.Replicas,
            },
            // What one workspace has to wait with must not use up what may be on its way.
            new ConsumerConfig("routers") { AckWait = AckWait, MaxDeliver = -1, MaxAckPending = 65_536 });
        _answers = new PublishingAnswers(connection, nats, options);
        _options = options;
        _metrics = metrics;
        _time = time;
        _logger = loggers.CreateLogger<DocumentConsumer>();
        _room = new SemaphoreSlim(options.Parallelism);
    }

    public override void Dispose()
    {
        _room.Dispose();
        base.Dispose();
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        var isAway = false;
        while (true)
        {
            try
            {
                await _queue.EnsureAsync(stoppingToken);
                if (isAway)
                    RouterLog.PublishingFound(_logger);
                isAway = false;
                await ConsumeAsync(stoppingToken);
            }
            catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
            {
                break;
            }
            catch (NatsException lost)
            {
                if (!isAway)
                    RouterLog.PublishingLost(_logger, lost);
                isAway = true;
                await Task.Delay(FailurePause, _time, stoppingToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            }
        }

        // Those under way: their calls are cancelled, and their messages go to another router.
        for (var i = 0; i < _options.Parallelism; i++)
            await _room.WaitAsync(CancellationToken.None);
    }

    /// <summary>
    /// Asks for no more than it has room for twice over. Ends with an exception when the consumer is gone.
    /// </summary>
    private async Task ConsumeAsync(CancellationToken cancellationToken)
    {
        var opts = new NatsJSConsumeOpts
        {
            MaxMsgs = _options.Parallelism,
            ThresholdMsgs = _options.Parallelism / 2,
            IdleHeartbeat = TimeSpan.FromSeconds(2),
            Expires = TimeSpan.FromSeconds(20),
        };
        await foreach (var message in _queue.Consumer(0)!.ConsumeAsync<byte[]>(opts: opts, cancellationToken: cancellationToken))
        {
            await _room.WaitAsync(cancellationToken);
            _ = Task.Run(() => HandleAsync(message, cancellationToken), CancellationToken.None);
        }
    }

    /// <summary>Never throws.</summary>
    private async Task HandleAsync(INatsJSMsg<byte[]> message, CancellationToken cancellationToken)
    {
        try
        {
            await SubmitAsync(message, cancellationToken);
        }
        catch (Exception failure) when (failure is NatsException or OperationCanceledException or ObjectDisposedException)
        {
            // Not acknowledged: it comes again, and its request id leads to the same job.
        }
        catch (Exception defect)
        {
            RouterLog.Unexpected(_logger, message.Subject, defect);
        }
        finally
        {
            _room.Release();
        }
    }

    private async Task SubmitAsync(INatsJSMsg<byte[]> message, CancellationToken cancellationToken)
    {
        var at = message.Metadata ?? default;
        var position = string.Create(
            CultureInfo.InvariantCulture, $"{at.Stream}:{at.Sequence.Stream}:{at.Timestamp.UtcTicks}");
        var requestId = PublishedDocument.RequestIdOf(message.Headers, position);
        RpcException error;
        try
        {
            var document = PublishedDocument.Read(message.Subject, message.Headers, requestId);
            var response = await CallAsync(document, message.Data ?? [], cancellationToken);
            await _answers.AnswerAsync(message.Headers, requestId, response);
            await message.AckAsync(cancellationToken: CancellationToken.None);
            _metrics.Published("taken");
            return;
        }
        catch (RefusedException unreadable)
        {
            error = RouterStatus.Map(unreadable, DateTime.MaxValue)!;
        }
        catch (RpcException refused)
        {
            error = refused;
        }

        cancellationToken.ThrowIfCancellationRequested();
        if (IsWorthAnotherTry(error.StatusCode, at.NumDelivered))
        {
            var delay = FirstDelay * Math.Pow(2, Math.Clamp((double)at.NumDelivered - 1, 0, 10));
            _metrics.Published("postponed");
            await message.NakAsync(delay: delay < LongestDelay ? delay : LongestDelay, cancellationToken: cancellationToken);
            return;
        }

        await _answers.RefuseAsync(message.Subject, message.Headers, requestId, error, cancellationToken);
        await message.AckTerminateAsync(cancellationToken: CancellationToken.None);
        _metrics.Published("refused");
        RouterLog.PublishedRefused(_logger, requestId, error.StatusCode, (long)at.NumDelivered);
    }

    private async Task<SubmitFileResponse> CallAsync(
        PublishedDocument document, byte[] content, CancellationToken cancellationToken)
    {
        var deadline = DateTime.UtcNow + CallTimeout;
        using var call = _ingest.SubmitFile(document.Call, deadline, cancellationToken);
        try
        {
            await call.RequestStream.WriteAsync(document.Header, cancellationToken);
            for (var from = 0; from < content.Length; from += Limits.PieceBytes)
            {
                var piece = content.AsMemory(from, Math.Min(Limits.PieceBytes, content.Length - from));
                await call.RequestStream.WriteAsync(
                    new SubmitFileRequest { Data = UnsafeByteOperations.UnsafeWrap(piece) }, cancellationToken);
            }

            await call.RequestStream.CompleteAsync();
        }
        catch (Exception early) when (early is RpcException or InvalidOperationException)
        {
            // Answered before everything was sent: the answer says what it is.
        }

        return await call.ResponseAsync;
    }

    /// <summary>What may pass, and for how long it is waited for.</summary>
    private bool IsWorthAnotherTry(StatusCode code, ulong deliveries) => code switch
    {
        StatusCode.Unavailable or StatusCode.DeadlineExceeded or StatusCode.Cancelled or StatusCode.Aborted => true,
        StatusCode.ResourceExhausted or StatusCode.Internal or StatusCode.Unknown =>
            deliveries < (ulong)_options.MaxDeliveries,
        _ => false,
    };
}
