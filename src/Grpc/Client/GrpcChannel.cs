using System.Collections.Concurrent;
using Grpc.Core;
using Grpc.Framing;
using Grpc.Net.Compression;

namespace Grpc.Net.Client;

/// <summary>
/// A way to one server over HTTP/2. Connections are made by the first calls and kept. Make one channel for a server
/// and share it. Thread-safe.
/// </summary>
public sealed class GrpcChannel : ChannelBase, IDisposable
{
    private readonly HttpMessageInvoker[] _transports;
    private readonly bool _ownsTransports;
    private readonly ConcurrentDictionary<string, Uri> _methodAddresses = new(StringComparer.Ordinal);
    private readonly CancellationTokenSource _shutdown = new();
    private readonly Uri _address;
    private uint _turn;
    private int _disposed;

    private GrpcChannel(Uri address, GrpcChannelOptions options)
        : base(address.Authority)
    {
        options.Validate();
        _address = address;
        Limits = new MessageLimits(options.MaxSendMessageSize, options.MaxReceiveMessageSize);
        Compressions = options.CompressionProviders is null
            ? CompressionProviders.Default
            : new CompressionProviders(options.CompressionProviders);
        ThrowsOperationCanceled = options.ThrowOperationCanceledOnCancellation;
        CallCredentials = options.Credentials?.Calls;
        SendsCallCredentials = address.Scheme == Uri.UriSchemeHttps || options.UnsafeUseInsecureChannelCallCredentials;
        (_transports, _ownsTransports) = ChannelTransports.Create(address, options);
        ShutdownToken = _shutdown.Token;
    }

    internal MessageLimits Limits { get; }

    internal CompressionProviders Compressions { get; }

    internal bool ThrowsOperationCanceled { get; }

    internal CallCredentials? CallCredentials { get; }

    internal bool SendsCallCredentials { get; }

    internal CancellationToken ShutdownToken { get; }

    /// <summary>A channel with default options.</summary>
    public static GrpcChannel ForAddress(string address) => ForAddress(address, new GrpcChannelOptions());

    /// <summary>A channel to <c>http://host:port</c> (cleartext HTTP/2) or <c>https://host:port</c> (TLS).</summary>
    /// <exception cref="ArgumentException">The address is neither, or contradicts the credentials.</exception>
    public static GrpcChannel ForAddress(string address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        return Uri.TryCreate(address, UriKind.Absolute, out var uri)
            ? ForAddress(uri, channelOptions)
            : throw new ArgumentException($"'{address}' is no absolute address; use http://host:port.");
    }

    /// <inheritdoc cref="ForAddress(string)"/>
    public static GrpcChannel ForAddress(Uri address) => ForAddress(address, new GrpcChannelOptions());

    /// <inheritdoc cref="ForAddress(string, GrpcChannelOptions)"/>
    public static GrpcChannel ForAddress(Uri address, GrpcChannelOptions channelOptions)
    {
        ArgumentNullException.ThrowIfNull(address);
        ArgumentNullException.ThrowIfNull(channelOptions);
        if (address.Scheme != Uri.UriSchemeHttp && address.Scheme != Uri.UriSchemeHttps)
            throw new ArgumentException($"'{address}' must start with http:// or https://.");
        if (channelOptions.Credentials is { } credentials
            && credentials.Ssl is not null != (address.Scheme == Uri.UriSchemeHttps))
            throw new ArgumentException($"The credentials do not fit the scheme of '{address}'.");
        return new GrpcChannel(address, channelOptions);
    }

    /// <inheritdoc/>
    public override CallInvoker CreateCallInvoker() => new HttpCallInvoker(this);

    /// <summary>Cancels the calls under way, closes the connections and refuses new calls. Idempotent.</summary>
    public void Dispose()
    {
        if (Interlocked.Exchange(ref _disposed, 1) != 0)
            return;
        _shutdown.Cancel();
        if (!_ownsTransports)
            return;
        foreach (var transport in _transports)
            transport.Dispose();
    }

    /// <summary>Sends a request on the next connection; gives the response when its headers are here.</summary>
    internal Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_disposed != 0, this);
        var transport = _transports.Length == 1
            ? _transports[0]
            : _transports[Interlocked.Increment(ref _turn) % (uint)_transports.Length];
        // Without this option a client would wait for the whole response.
        return transport is HttpClient client
            ? client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
            : transport.SendAsync(request, cancellationToken);
    }

    internal Uri AddressOf(IMethod method) =>
        _methodAddresses.GetOrAdd(method.FullName, static (path, address) => new Uri(address, path), _address);

    internal AuthInterceptorContext AuthContextOf(IMethod method, CancellationToken cancellationToken) =>
        new(new Uri(_address, "/" + method.ServiceName).ToString(), method.Name, cancellationToken);

    /// <inheritdoc/>
    protected override Task ShutdownAsyncCore()
    {
        Dispose();
        return Task.CompletedTask;
    }
}
