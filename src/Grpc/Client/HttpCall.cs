using System.Diagnostics;
using System.IO.Pipelines;
using System.Net;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>
/// A call over HTTP/2. It ends once, by what comes first: its status from the server, a failure of the connection, its
/// deadline, or the caller's giving up. Ending cancels whatever is still under way.
/// </summary>
internal sealed class HttpCall<TRequest, TResponse>(
    GrpcChannel channel, Method<TRequest, TResponse> method, string? host, CallOptions options)
    : ICallHandle
    where TRequest : class
    where TResponse : class
{
    /// <summary>
    /// Tries of a call that the server refused unseen, which is safe to repeat whatever the call does.
    /// </summary>
    private const int MaxAttempts = 12;

    private readonly long _startedAt = Stopwatch.GetTimestamp();
    private readonly CallEnd _end = new();
    private readonly CancellationTokenSource _cancellation = new();
    private readonly CallGuard _guard = new();
    private Task<bool> _response = Task.FromResult(false);
    private HttpResponseMessage? _message;
    private Activity? _activity;
    private OutgoingCompression? _compression;

    public GrpcChannel Channel => channel;

    public Task<Metadata> ResponseHeadersAsync => _end.ResponseHeadersAsync;

    public bool HasEnded => _end.HasEnded;

    /// <summary>Fires when the call has ended, however it did.</summary>
    public CancellationToken Ended => _cancellation.Token;

    /// <summary>Reads the responses; there once <see cref="ResponseArrivedAsync"/> gave true.</summary>
    public MessageReader<TResponse>? Reader { get; private set; }

    public Status GetStatus() => _end.Status;

    public Metadata GetTrailers() => _end.Trailers;

    public void Dispose() => Cancel("The call was disposed.");

    /// <summary>Starts a call with one request.</summary>
    public void StartWithMessage(TRequest request)
    {
        if (!Begin())
            return;
        var buffer = new PooledBuffer();
        try
        {
            Write(buffer, request, options.WriteOptions);
        }
        catch (Exception e)
        {
            buffer.Dispose();
            End(SerializationFailure(e), Metadata.Empty);
            return;
        }

        var content = new SingleMessageContent(buffer);
        _end.OnEnd(content.End);
        _response = SendAsync(content);
    }

    /// <summary>Starts a call with a stream of requests.</summary>
    public CallRequestStream<TRequest, TResponse> StartWithStream()
    {
        var content = new MessageStreamContent();
        _end.OnEnd(content.Abandon);
        if (Begin())
            _response = SendAsync(content);
        return new CallRequestStream<TRequest, TResponse>(this, content);
    }

    /// <summary>Writes a framed message, compressed if the call is and the options do not forbid it.</summary>
    public WriteFlags Write(System.Buffers.IBufferWriter<byte> output, TRequest request, WriteOptions? writeOptions)
    {
        var flags = (writeOptions ?? options.WriteOptions)?.Flags ?? WriteFlags.None;
        MessageSerializationContext.Write(output, method.RequestMarshaller.ContextualSerializer, request,
            channel.Limits, (flags & WriteFlags.NoCompress) == 0 ? _compression : null);
        return flags;
    }

    /// <summary>
    /// Waits for the response's headers: true where messages may follow, false where the call has ended.
    /// </summary>
    public Task<bool> ResponseArrivedAsync() => _response;

    /// <summary>Reads the response of a call that has one.</summary>
    public async Task<TResponse> ReadResponseAsync()
    {
        TResponse? response = null;
        if (await _response)
        {
            try
            {
                while (await Reader!.WaitAsync(Ended))
                {
                    if (!Reader.TryReadBuffered(out var message))
                        break;
                    if (response is not null)
                    {
                        throw new RpcException(
                            new Status(StatusCode.Unimplemented, "There was more than one response."));
                    }

                    response = message;
                }

                var status = ResponseStatusReader.FromTrailers(_message!);
                if (status.StatusCode == StatusCode.OK && response is null)
                    status = new Status(StatusCode.Unimplemented, "The server sent no response message.");
                EndWithTrailers(status);
            }
            catch (Exception e)
            {
                Fail(e);
            }

            Reader!.Complete();
        }

        return _end.Status.StatusCode == StatusCode.OK ? response! : throw CreateException();
    }

    /// <summary>Ends the call with the status in the trailers of a response that was read to its end.</summary>
    public void EndWithTrailers() => EndWithTrailers(ResponseStatusReader.FromTrailers(_message!));

    /// <summary>Ends the call because of an exception, unless it has ended.</summary>
    public void Fail(Exception exception)
    {
        var status = TransportFailure.ToStatus(exception);
        // A server whose timer is a little faster resets the stream before our own timer fires.
        if (status.StatusCode == StatusCode.Cancelled && _guard.IsPastDeadline)
            status = CallGuard.DeadlineExceeded;
        End(status, Metadata.Empty);
    }

    public void Cancel(string reason) => End(new Status(StatusCode.Cancelled, reason), Metadata.Empty);

    /// <summary>The exception that tells callers how the call ended.</summary>
    public Exception CreateException()
    {
        var status = _end.Status;
        if (channel.ThrowsOperationCanceled && status.StatusCode is StatusCode.Cancelled or StatusCode.DeadlineExceeded)
            return new OperationCanceledException(status.Detail, new RpcException(status, _end.Trailers), Ended);
        return new RpcException(status, _end.Trailers);
    }

    private static Status SerializationFailure(Exception exception) => exception is RpcException rpc
        ? rpc.Status
        : new Status(StatusCode.Internal, "The request could not be serialised.", exception);

    private bool Begin()
    {
        if (options.Headers?.GetValue(HeaderNames.EncodingRequest) is { } encoding
            && channel.Compressions.Find(encoding) is { } provider)
            _compression = new OutgoingCompression(provider, null);
        _guard.Start(options, channel.ShutdownToken, status => End(status, Metadata.Empty));
        if (_end.HasEnded)
            _guard.Dispose();
        return !_end.HasEnded;
    }

    private async Task<bool> SendAsync(HttpContent content)
    {
        _activity = GrpcClientTelemetry.Start(method);
        try
        {
            var metadata = await CallHeaders.WithCredentialsAsync(channel, method, options, Ended);
            return Accept(await SendAsync(content, metadata));
        }
        catch (Exception e)
        {
            Fail(e);
            return false;
        }
    }

    private async Task<HttpResponseMessage> SendAsync(HttpContent content, Metadata? metadata)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var request = CallHeaders.CreateRequest(
                    channel, method, host, metadata, _compression?.Provider.EncodingName, _guard.Remaining, content);
                return await channel.SendAsync(request, Ended);
            }
            catch (HttpRequestException e) when (TransportFailure.IsRefusedUnseen(e) && attempt < MaxAttempts)
            {
                if (_end.HasEnded || !await ((IResendableContent)content).CanSendAgainAsync())
                    throw;
            }

            // A connection just made does not know yet how many streams the server allows.
            await Task.Delay(TimeSpan.FromMilliseconds(attempt * attempt), Ended);
        }
    }

    private bool Accept(HttpResponseMessage response)
    {
        // Either this thread sees that the call has ended, or the one that ends it sees the response; hence the fences.
        Interlocked.Exchange(ref _message, response);
        if (_end.HasEnded)
        {
            response.Dispose();
            return false;
        }

        if (ResponseStatusReader.FromHeaders(response) is { } status)
        {
            var headers = ResponseStatusReader.ReadMetadata(response.Headers);
            _end.SetHeaders(headers);
            End(status, headers);
            return false;
        }

        _end.SetHeaders(ResponseStatusReader.ReadMetadata(response.Headers));
        var encoding = response.Headers.NonValidated.TryGetValues(HeaderNames.Encoding, out var values)
            ? values.ToString()
            : null;
        if (!channel.Compressions.TryGetDecompressor(encoding, out var decompressor))
        {
            End(new Status(StatusCode.Internal, $"The server answered in the unknown encoding '{encoding}'."),
                Metadata.Empty);
            return false;
        }

        // Synchronous for a response whose headers were awaited.
        var stream = response.Content.ReadAsStream(CancellationToken.None);
        Reader = new MessageReader<TResponse>(
            PipeReader.Create(stream, ReaderOptions.Of(method.Type)),
            method.ResponseMarshaller.ContextualDeserializer, channel.Limits, decompressor);
        return true;
    }

    private void EndWithTrailers(Status status) =>
        End(status, ResponseStatusReader.ReadMetadata(_message!.TrailingHeaders));

    private void End(Status status, Metadata trailers)
    {
        if (!_end.TryEnd(status, trailers))
            return;
        _guard.Dispose();
        GrpcClientTelemetry.End(_activity, method, status.StatusCode, _startedAt);
        _end.Release();
        // Resets the stream unless both sides have finished with it.
        _cancellation.Cancel();
        Interlocked.MemoryBarrier();
        _message?.Dispose();
        _end.FailHeaders(CreateException);
    }
}
