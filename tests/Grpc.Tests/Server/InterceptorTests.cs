using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Core.Interceptors;
using Microsoft.Extensions.DependencyInjection;

namespace Rag.Transport.Tests.Server;

/// <summary>Interceptors of servers and clients, over HTTP and within the process.</summary>
public sealed class InterceptorTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Server_interceptors_stand_in_order_before_every_call_kind(bool http)
    {
        var trace = new List<string>();
        await using var host = await StartAsync(http, interceptors =>
        {
            interceptors.Add(new Tracing("outer", trace));
            interceptors.Add(new Tracing("inner", trace));
        });
        await host.Client.UnaryAsync(new Ping());
        using (var collect = host.Client.Collect())
        {
            await collect.RequestStream.CompleteAsync();
            await collect;
        }

        using (var repeat = host.Client.Repeat(new Ping()))
            await repeat.ResponseStream.MoveNext();
        using (var converse = host.Client.Converse())
        {
            await converse.RequestStream.CompleteAsync();
            await converse.ResponseStream.MoveNext();
        }

        trace.ShouldBe([
            "outer Unary", "inner Unary", "outer Collect", "inner Collect",
            "outer Repeat", "inner Repeat", "outer Converse", "inner Converse"]);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_server_interceptor_may_refuse_a_call(bool http)
    {
        await using var host = await StartAsync(http, interceptors => interceptors.Add(new Refusing()));
        var called = false;
        host.Service.OnUnary = (ping, _) =>
        {
            called = true;
            return Task.FromResult(ScriptedEcho.Answer(ping));
        };
        var e = await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(new Ping()).ResponseAsync);
        e.Status.ShouldBe(new Status(StatusCode.Unauthenticated, "who are you?"));
        called.ShouldBeFalse();
        var headers = new Metadata { { "authorization", "me" } };
        (await host.Client.UnaryAsync(new Ping { Number = 1 }, headers)).Number.ShouldBe(1);
    }

    [Fact]
    public async Task A_server_interceptor_by_type_gets_the_services_of_the_call()
    {
        await using var host = await EchoHost.OverHttpAsync(
            options => options.Interceptors.Add<Counting>("x"),
            build: builder => builder.Services.AddSingleton<Counter>());
        await host.Client.UnaryAsync(new Ping());
        await host.Client.UnaryAsync(new Ping());
        var counter = host.App.Services.GetRequiredService<Counter>();
        counter.Calls.ShouldBe(2);
        counter.Disposals.ShouldBe(2);
        counter.Instances.ShouldBe(2);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Client_interceptors_see_calls_in_order_and_may_change_them(bool http)
    {
        await using var host = await StartAsync(http);
        host.Service.OnUnary = (_, context) =>
            Task.FromResult(new Pong { Text = context.RequestHeaders.GetValue("who") });
        var trace = new List<string>();
        var client = new Echo.EchoClient(host.Invoker
            .Intercept(new ClientTracing("outer", trace), new ClientTracing("inner", trace))
            .Intercept(headers =>
            {
                headers.Add("who", "me");
                return headers;
            }));
        (await client.UnaryAsync(new Ping())).Text.ShouldBe("me");
        using var call = client.Converse();
        await call.RequestStream.CompleteAsync();
        trace.ShouldBe(["outer", "inner", "outer", "inner"]);
    }

    private static Task<EchoHost> StartAsync(bool http, Action<InterceptorCollection>? interceptors = null) => http
        ? EchoHost.OverHttpAsync(options => interceptors?.Invoke(options.Interceptors))
        : Task.FromResult(EchoHost.InProcess(interceptors));

    private sealed class Tracing(string name, List<string> trace) : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request,
            ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(request, context);
        }

        public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, ServerCallContext context,
            ClientStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(requestStream, context);
        }

        public override Task ServerStreamingServerHandler<TRequest, TResponse>(TRequest request,
            IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
            ServerStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(request, responseStream, context);
        }

        public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
            IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream,
            ServerCallContext context, DuplexStreamingServerMethod<TRequest, TResponse> continuation)
        {
            Note(context);
            return continuation(requestStream, responseStream, context);
        }

        private void Note(ServerCallContext context) => trace.Add($"{name} {context.Method.Split('/')[2]}");
    }

    private sealed class Refusing : Interceptor
    {
        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request,
            ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
            context.RequestHeaders.GetValue("authorization") is null
                ? throw new RpcException(new Status(StatusCode.Unauthenticated, "who are you?"))
                : continuation(request, context);
    }

    private sealed class Counter
    {
        public int Instances;
        public int Calls;
        public int Disposals;
    }

    private sealed class Counting : Interceptor, IDisposable
    {
        private readonly Counter _counter;

        public Counting(string name, Counter counter)
        {
            name.ShouldBe("x");
            _counter = counter;
            Interlocked.Increment(ref counter.Instances);
        }

        public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(TRequest request,
            ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation)
        {
            Interlocked.Increment(ref _counter.Calls);
            return continuation(request, context);
        }

        public void Dispose() => Interlocked.Increment(ref _counter.Disposals);
    }

    private sealed class ClientTracing(string name, List<string> trace) : Interceptor
    {
        public override AsyncUnaryCall<TResponse> AsyncUnaryCall<TRequest, TResponse>(TRequest request,
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncUnaryCallContinuation<TRequest, TResponse> continuation)
        {
            trace.Add(name);
            return continuation(request, context);
        }

        public override AsyncDuplexStreamingCall<TRequest, TResponse> AsyncDuplexStreamingCall<TRequest, TResponse>(
            ClientInterceptorContext<TRequest, TResponse> context,
            AsyncDuplexStreamingCallContinuation<TRequest, TResponse> continuation)
        {
            trace.Add(name);
            return continuation(context);
        }
    }
}
