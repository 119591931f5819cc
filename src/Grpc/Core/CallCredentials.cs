namespace Grpc.Core;

/// <summary>Which call an interceptor of credentials is asked for.</summary>
public class AuthInterceptorContext(string serviceUrl, string methodName, CancellationToken cancellationToken = default)
{
    /// <summary>Scheme, host and service, for instance <c>https://host/rag.v1.SearchService</c>.</summary>
    public string ServiceUrl { get; } = serviceUrl;

    /// <summary>The method's name.</summary>
    public string MethodName { get; } = methodName;

    /// <summary>Fires when the call is given up.</summary>
    public CancellationToken CancellationToken { get; } = cancellationToken;
}

/// <summary>Adds what proves who calls, for instance an authorization header.</summary>
public delegate Task AsyncAuthInterceptor(AuthInterceptorContext context, Metadata metadata);

/// <summary>Credentials that each call carries in its metadata. Immutable and thread-safe.</summary>
public sealed class CallCredentials
{
    private readonly AsyncAuthInterceptor[] _interceptors;

    private CallCredentials(AsyncAuthInterceptor[] interceptors) => _interceptors = interceptors;

    /// <summary>Credentials that a function adds to each call.</summary>
    public static CallCredentials FromInterceptor(AsyncAuthInterceptor interceptor)
    {
        ArgumentNullException.ThrowIfNull(interceptor);
        return new CallCredentials([interceptor]);
    }

    /// <summary>Several credentials, applied in order.</summary>
    public static CallCredentials Compose(params CallCredentials[] credentials)
    {
        ArgumentNullException.ThrowIfNull(credentials);
        return new CallCredentials([.. credentials.SelectMany(one => one._interceptors)]);
    }

    internal async Task ApplyAsync(AuthInterceptorContext context, Metadata metadata)
    {
        foreach (var interceptor in _interceptors)
            await interceptor(context, metadata);
    }
}
