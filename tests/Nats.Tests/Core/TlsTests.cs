using NATS.Client.Core;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.Core;

public sealed class TlsTests : IAsyncLifetime
{
    private readonly TemporaryFolder _folder = new();
    private readonly CancellationToken _deadline = Deadline.Token();
    private TestCertificates _certificates = null!;
    private NatsServer _server = null!;

    public async ValueTask InitializeAsync()
    {
        _certificates = new TestCertificates(_folder.Path);
        _server = await NatsServer.StartAsync($$"""
            tls {
              cert_file: "{{_certificates.ServerCertFile}}"
              key_file: "{{_certificates.ServerKeyFile}}"
              ca_file: "{{_certificates.AuthorityFile}}"
              verify: true
              # Seconds; the default of 2 is short where much else runs.
              timeout: 60
            }
            """);
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        _folder.Dispose();
    }

    [Fact]
    public async Task Messages_of_any_size_pass_and_a_killed_server_is_found_again()
    {
        await using var connection = new NatsConnection(_server.Options() with { TlsOpts = Trusting });
        await using var subscription = await connection.SubscribeCoreAsync<byte[]>("secret");
        foreach (var size in new[] { 1, 70_000, 1_000_000 })
        {
            var payload = new byte[size];
            new Random(size).NextBytes(payload);
            await connection.PublishAsync("secret", payload);
            (await subscription.Msgs.ReadAsync(_deadline)).Data.AsSpan().SequenceEqual(payload).ShouldBeTrue();
        }

        await _server.KillAsync();
        await _server.StartAgainAsync();
        await connection.PublishAsync("other", 1);
        await Eventually.HoldsAsync(
            async () =>
            {
                await connection.PublishAsync("secret", "again"u8.ToArray());
                return subscription.Msgs.TryRead(out _);
            },
            "a message after the restart");
    }

    [Fact]
    public async Task A_certificate_of_an_unknown_authority_is_refused()
    {
        var own = Trusting with { CaFile = null };
        await using var connection = new NatsConnection(_server.Options() with { TlsOpts = own });
        var fault = await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.ConnectAsync());
        fault.Message.ShouldContain("TLS");

        await using var careless = new NatsConnection(_server.Options() with { TlsOpts = own with { InsecureSkipVerify = true } });
        await careless.PingAsync(_deadline);
    }

    [Fact]
    public async Task A_certificate_for_another_name_is_refused()
    {
        // It holds for 127.0.0.1 only.
        await using var connection = new NatsConnection(
            _server.Options() with { Url = $"tls://localhost:{_server.Port}", TlsOpts = Trusting });
        var fault = await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.ConnectAsync());
        fault.Message.ShouldContain("TLS");
    }

    [Fact]
    public async Task A_client_without_the_certificate_that_the_server_wants_is_refused()
    {
        await using var connection = new NatsConnection(
            _server.Options() with { TlsOpts = Trusting with { CertFile = null, KeyFile = null } });
        await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.ConnectAsync());
    }

    [Fact]
    public async Task Modes_that_do_not_fit_the_server_are_refused()
    {
        await using var plain = new NatsConnection(_server.Options() with { TlsOpts = new NatsTlsOpts { Mode = TlsMode.Disable } });
        (await Should.ThrowAsync<NatsConnectionFailedException>(async () => await plain.ConnectAsync()))
            .Message.ShouldContain("insists on TLS");

        await using var unsafeServer = await NatsServer.StartAsync();
        await using var strict = new NatsConnection(unsafeServer.Options() with { Url = $"tls://127.0.0.1:{unsafeServer.Port}" });
        (await Should.ThrowAsync<NatsConnectionFailedException>(async () => await strict.ConnectAsync()))
            .Message.ShouldContain("offers no TLS");
    }

    private NatsTlsOpts Trusting => new()
    {
        CaFile = _certificates.AuthorityFile,
        CertFile = _certificates.ClientCertFile,
        KeyFile = _certificates.ClientKeyFile,
    };
}
