using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Google.Protobuf.WellKnownTypes;
using Google.Rpc;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Rag.Testing;
using Status = Grpc.Core.Status;

namespace Rag.Transport.Tests.Client;

/// <summary>What a channel makes of servers, proxies and connections of every kind.</summary>
public sealed class ChannelTests
{
    [Fact]
    public async Task A_server_that_is_not_there_is_unavailable()
    {
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{FreePort.Next()}");
        var client = new Echo.EchoClient(channel);
        (await Should.ThrowAsync<RpcException>(client.UnaryAsync(new Ping()).ResponseAsync))
            .StatusCode.ShouldBe(StatusCode.Unavailable);
        using var call = client.Converse();
        var e = await Should.ThrowAsync<RpcException>(async () =>
        {
            while (true)
                await call.RequestStream.WriteAsync(new Ping { Text = new string('x', 9000) });
        });
        e.StatusCode.ShouldBe(StatusCode.Unavailable);
        (await Should.ThrowAsync<RpcException>(call.ResponseHeadersAsync)).StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task A_server_that_answers_no_ping_any_more_is_unavailable()
    {
        await using var host = await EchoHost.OverHttpAsync();
        await using var wire = new FaultProxy(new Uri(host.Address).Port);
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{wire.Port}", new GrpcChannelOptions
        {
            KeepAlivePingDelay = TimeSpan.FromSeconds(1), KeepAlivePingTimeout = TimeSpan.FromSeconds(1),
        });
        var client = new Echo.EchoClient(channel);
        (await client.UnaryAsync(new Ping { Number = 1 })).Number.ShouldBe(1);
        wire.Silence();
        (await Should.ThrowAsync<RpcException>(client.UnaryAsync(new Ping(), deadline: DateTime.UtcNow.AddMinutes(1)).ResponseAsync))
            .StatusCode.ShouldBe(StatusCode.Unavailable);
        wire.Heal();
        (await client.UnaryAsync(new Ping { Number = 2 })).Number.ShouldBe(2);
    }

    [Fact]
    public async Task A_server_that_went_away_and_came_back_is_called_again()
    {
        var port = FreePort.Next();
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        var client = new Echo.EchoClient(channel);
        for (var round = 0; round < 3; round++)
        {
            await using var app = await PlainServerAsync(port, web => web.MapGrpcService(new ScriptedEcho()));
            (await client.UnaryAsync(new Ping { Number = round })).Number.ShouldBe(round);
            await app.StopAsync();
            (await Should.ThrowAsync<RpcException>(client.UnaryAsync(new Ping()).ResponseAsync))
                .StatusCode.ShouldBe(StatusCode.Unavailable);
        }
    }

    [Fact]
    public async Task Servers_that_speak_no_grpc_give_a_status_of_their_own()
    {
        var port = FreePort.Next();
        await using var app = await PlainServerAsync(port, web => web.Run(async http =>
        {
            switch (http.Request.Path.Value)
            {
                case "/s/Html":
                    http.Response.ContentType = "text/html";
                    await http.Response.WriteAsync("<p>");
                    break;
                case "/s/Busy":
                    http.Response.StatusCode = 503;
                    break;
                case "/s/NoStatus":
                    http.Response.ContentType = "application/grpc";
                    await http.Response.BodyWriter.WriteAsync(new byte[] { 0, 0, 0, 0, 0 });
                    break;
                case "/s/OddStatus":
                    http.Response.ContentType = "application/grpc";
                    http.Response.Headers["grpc-status"] = "99";
                    break;
                case "/s/Empty":
                    http.Response.ContentType = "application/grpc";
                    await http.Response.StartAsync();
                    http.Response.AppendTrailer("grpc-status", "0");
                    break;
                case "/s/Two":
                    http.Response.ContentType = "application/grpc";
                    await http.Response.BodyWriter.WriteAsync(new byte[10]);
                    http.Response.AppendTrailer("grpc-status", "0");
                    break;
                case "/s/Encoding":
                    http.Response.ContentType = "application/grpc";
                    http.Response.Headers["grpc-encoding"] = "snappy";
                    await http.Response.BodyWriter.WriteAsync(new byte[5]);
                    break;
                case "/s/Cut":
                    http.Response.ContentType = "application/grpc";
                    await http.Response.BodyWriter.WriteAsync(new byte[] { 0, 0, 0, 0, 5, 1 });
                    http.Response.AppendTrailer("grpc-status", "0");
                    break;
                case "/s/Reset":
                    http.Features.Get<Microsoft.AspNetCore.Http.Features.IHttpResetFeature>()!.Reset(0xb);
                    break;
            }
        }));
        using var channel = GrpcChannel.ForAddress($"http://127.0.0.1:{port}");
        await FailsAsync("Html", StatusCode.Unknown);
        await FailsAsync("Busy", StatusCode.Unavailable);
        await FailsAsync("NoStatus", StatusCode.Unknown);
        await FailsAsync("OddStatus", StatusCode.Unknown);
        await FailsAsync("Empty", StatusCode.Unimplemented);
        await FailsAsync("Two", StatusCode.Unimplemented);
        await FailsAsync("Encoding", StatusCode.Internal);
        await FailsAsync("Cut", StatusCode.Internal);
        await FailsAsync("Reset", StatusCode.ResourceExhausted);

        async Task FailsAsync(string name, StatusCode code)
        {
            var method = new Method<string, string>(
                MethodType.Unary, "s", name, Marshallers.StringMarshaller, Marshallers.StringMarshaller);
            var e = await Should.ThrowAsync<RpcException>(
                channel.CreateCallInvoker().AsyncUnaryCall(method, null, default, "x").ResponseAsync);
            e.StatusCode.ShouldBe(code, name);
        }
    }

    [Fact]
    public async Task Closing_a_channel_ends_its_calls()
    {
        await using var host = await EchoHost.OverHttpAsync();
        using var call = host.Client.Converse();
        await call.RequestStream.WriteAsync(new Ping());
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        await host.Channel!.ShutdownAsync();
        (await Should.ThrowAsync<RpcException>(call.ResponseStream.MoveNext())).StatusCode
            .ShouldBe(StatusCode.Unavailable);
        (await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(new Ping()).ResponseAsync)).StatusCode
            .ShouldBe(StatusCode.Unavailable);
    }

    [Fact]
    public async Task Call_credentials_go_along_only_where_that_is_allowed()
    {
        await using var host = await EchoHost.OverHttpAsync();
        host.Service.OnUnary = (_, context) =>
            Task.FromResult(new Pong { Text = context.RequestHeaders.GetValue("authorization") ?? "" });
        var credentials = CallCredentials.FromInterceptor((context, metadata) =>
        {
            metadata.Add("authorization", $"token for {context.MethodName}");
            return Task.CompletedTask;
        });
        var refused = await Should.ThrowAsync<RpcException>(
            host.Client.UnaryAsync(new Ping(), new CallOptions(credentials: credentials)).ResponseAsync);
        refused.StatusCode.ShouldBe(StatusCode.Unauthenticated);
        using var channel = GrpcChannel.ForAddress(host.Address, new GrpcChannelOptions
        {
            Credentials = ChannelCredentials.Create(ChannelCredentials.Insecure, credentials),
            UnsafeUseInsecureChannelCallCredentials = true,
        });
        (await new Echo.EchoClient(channel).UnaryAsync(new Ping())).Text.ShouldBe("token for Unary");
    }

    [Fact]
    public async Task Cancelled_calls_may_throw_the_frameworks_own_exception()
    {
        await using var host = await EchoHost.OverHttpAsync(
            channelOptions: new GrpcChannelOptions { ThrowOperationCanceledOnCancellation = true });
        host.Service.OnUnary = async (_, context) =>
        {
            await Task.Delay(Timeout.Infinite, context.CancellationToken);
            return new Pong();
        };
        using var source = new CancellationTokenSource();
        var call = host.Client.UnaryAsync(new Ping(), cancellationToken: source.Token);
        await source.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(call.ResponseAsync);
        await Should.ThrowAsync<OperationCanceledException>(
            host.Client.UnaryAsync(new Ping(), deadline: DateTime.UtcNow.AddMilliseconds(50)).ResponseAsync);
    }

    [Fact]
    public async Task Details_of_an_error_reach_the_caller()
    {
        await using var host = await EchoHost.OverHttpAsync();
        host.Service.OnUnary = (_, _) =>
        {
            var status = new Google.Rpc.Status { Code = (int)StatusCode.InvalidArgument, Message = "bad k" };
            status.Details.Add(Any.Pack(new BadRequest
            {
                FieldViolations = { new BadRequest.Types.FieldViolation { Field = "k", Description = "too large" } },
            }));
            status.Details.Add(Any.Pack(new RetryInfo { RetryDelay = Duration.FromTimeSpan(TimeSpan.FromSeconds(2)) }));
            throw status.ToRpcException();
        };
        var e = await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(new Ping()).ResponseAsync);
        e.Status.ShouldBe(new Status(StatusCode.InvalidArgument, "bad k"));
        var details = e.GetRpcStatus()!;
        details.GetDetail<BadRequest>()!.FieldViolations[0].Field.ShouldBe("k");
        details.GetDetail<RetryInfo>()!.RetryDelay.ToTimeSpan().ShouldBe(TimeSpan.FromSeconds(2));
        details.GetDetail<ErrorInfo>().ShouldBeNull();
        new RpcException(Status.DefaultCancelled).GetRpcStatus().ShouldBeNull();
        new RpcException(Status.DefaultCancelled, new Metadata { { "grpc-status-details-bin", [255] } })
            .GetRpcStatus().ShouldBeNull();
    }

    [Fact]
    public async Task Calls_can_be_protected_by_tls_on_both_sides()
    {
        using var authority = new SelfSigned("localhost");
        using var clientCertificate = new SelfSigned("client.test");
        var port = FreePort.Next();
        await using var app = await PlainServerAsync(port, web => web.MapGrpcService(new ScriptedEcho
        {
            OnUnary = (_, context) => Task.FromResult(new Pong
            {
                Text = context.AuthContext.IsPeerAuthenticated ? context.AuthContext.PeerIdentity.First().Value : "",
            }),
        }), listen => listen.UseGrpcTls(tls =>
        {
            tls.ServerCertificate = authority.Certificate;
            tls.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            tls.ClientCertificateValidation = (certificate, _, _) =>
                certificate.Thumbprint == clientCertificate.Certificate.Thumbprint;
        }));
        using var anonymous = GrpcChannel.ForAddress($"https://localhost:{port}",
            new GrpcChannelOptions { Credentials = new SslCredentials(authority.Pem) });
        (await new Echo.EchoClient(anonymous).UnaryAsync(new Ping())).Text.ShouldBe("");
        using var known = GrpcChannel.ForAddress($"https://localhost:{port}", new GrpcChannelOptions
        {
            Credentials = new SslCredentials(
                authority.Pem, new KeyCertificatePair(clientCertificate.Pem, clientCertificate.KeyPem)),
        });
        (await new Echo.EchoClient(known).UnaryAsync(new Ping())).Text.ShouldBe("client.test");
        using var distrustful = GrpcChannel.ForAddress($"https://localhost:{port}",
            new GrpcChannelOptions { Credentials = new SslCredentials(clientCertificate.Pem) });
        (await Should.ThrowAsync<RpcException>(new Echo.EchoClient(distrustful).UnaryAsync(new Ping()).ResponseAsync))
            .StatusCode.ShouldBe(StatusCode.Unavailable);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Calls_show_in_activities_and_meters(bool http)
    {
        var activities = new List<(string Source, string Name, object? Code, ActivityTraceId Trace)>();
        using var listener = new ActivityListener
        {
            ShouldListenTo = source => source.Name.StartsWith("Grpc.", StringComparison.Ordinal),
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllData,
            ActivityStopped = activity =>
            {
                lock (activities)
                {
                    activities.Add((activity.Source.Name, activity.DisplayName,
                        activity.GetTagItem("rpc.grpc.status_code"), activity.TraceId));
                }
            },
        };
        var service = $"telemetry{http}";
        var recorded = new List<string>();
        using var meters = new MeterListener
        {
            InstrumentPublished = (instrument, self) =>
            {
                if (instrument.Meter.Name.StartsWith("Grpc.", StringComparison.Ordinal))
                    self.EnableMeasurementEvents(instrument);
            },
        };
        meters.SetMeasurementEventCallback<double>((instrument, _, _, _) => Keep(instrument));
        meters.SetMeasurementEventCallback<long>((instrument, _, _, _) => Keep(instrument));
        ActivitySource.AddActivityListener(listener);
        meters.Start();
        await using var host = http ? await EchoHost.OverHttpAsync() : EchoHost.InProcess();
        using var parent = new Activity(service).Start();
        host.Service.OnUnary = (_, _) => throw new RpcException(new Status(StatusCode.NotFound, ""));
        await Should.ThrowAsync<RpcException>(host.Client.UnaryAsync(new Ping()).ResponseAsync);
        Activity.Current.ShouldBe(parent);
        await Eventually.HoldsAsync(() =>
        {
            lock (activities)
                return activities.Contains(("Grpc.Net.Client", "rag.transport.tests.Echo/Unary", 5, parent.TraceId));
        }, "the client's activity");
        await Eventually.HoldsAsync(() =>
        {
            lock (recorded)
                return recorded.Contains("rpc.client.call.duration") && recorded.Contains("rpc.server.call.duration")
                    && recorded.Contains("rpc.server.active_calls")
                    && recorded.Contains("rpc.server.messages.received");
        }, "the instruments");
        if (!http)
        {
            await Eventually.HoldsAsync(() =>
            {
                lock (activities)
                    return activities.Contains(
                        ("Grpc.AspNetCore.Server", "rag.transport.tests.Echo/Unary", 5, parent.TraceId));
            }, "the server's activity");
        }

        void Keep(Instrument instrument)
        {
            lock (recorded)
                recorded.Add(instrument.Name);
        }
    }

    private static async Task<WebApplication> PlainServerAsync(
        int port, Action<WebApplication> map, Action<ListenOptions>? listen = null)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.ConfigureGrpcLimits();
            kestrel.Listen(IPAddress.Loopback, port, listen ?? (options => options.UseGrpcCleartext()));
        });
        builder.Services.AddGrpc();
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return app;
    }

    private sealed class SelfSigned : IDisposable
    {
        public SelfSigned(string name)
        {
            using var key = RSA.Create(2048);
            var request = new CertificateRequest(
                $"CN={name}", key, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1);
            var names = new SubjectAlternativeNameBuilder();
            names.AddDnsName(name);
            request.CertificateExtensions.Add(names.Build());
            var now = DateTimeOffset.UtcNow;
            using var certificate = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
            Certificate = X509CertificateLoader.LoadPkcs12(certificate.Export(X509ContentType.Pkcs12), null);
            Pem = certificate.ExportCertificatePem();
            KeyPem = key.ExportPkcs8PrivateKeyPem();
        }

        public X509Certificate2 Certificate { get; }

        public string Pem { get; }

        public string KeyPem { get; }

        public void Dispose() => Certificate.Dispose();
    }
}
