using NATS.Client.Core;
using NATS.Client.Core.Connecting;
using Rag.Nats.Tests.Running;
using Rag.Testing;

namespace Rag.Nats.Tests.Core;

public class CredentialsTests
{
    private readonly CancellationToken _deadline = Deadline.Token();

    [Fact]
    public async Task User_and_password_from_options_or_the_url_and_a_denied_subject_ends_its_subscription_alone()
    {
        await using var server = await NatsServer.StartAsync("""
            authorization { timeout: 60, users: [ { user: joe, password: "p:ss/w", permissions: { publish: ">", subscribe: ["allowed.>", "_INBOX.>"] } } ] }
            """);
        await using var right = With(server, new NatsAuthOpts { Username = "joe", Password = "p:ss/w" });
        await right.PingAsync(_deadline);
        await using var byUrl = new NatsConnection(server.Options() with { Url = $"nats://joe:p%3Ass%2Fw@127.0.0.1:{server.Port}" });
        await byUrl.PingAsync(_deadline);

        await RefusedAsync(With(server, new NatsAuthOpts { Username = "joe", Password = "wrong" }));
        await RefusedAsync(With(server, NatsAuthOpts.Default));

        var told = new TaskCompletionSource<string>();
        right.ServerError += (_, args) =>
        {
            told.TrySetResult(args.Error);
            return default;
        };
        await using var allowed = await right.SubscribeCoreAsync<int>("allowed.a");
        await using var denied = await right.SubscribeCoreAsync<int>("denied.a");
        (await Should.ThrowAsync<NatsServerException>(() => denied.Msgs.Completion.WaitAsync(_deadline))).Error.ShouldContain("denied.a");
        (await told.Task.WaitAsync(_deadline)).ShouldContain("Permissions Violation");
        await right.PublishAsync("allowed.a", 1);
        (await allowed.Msgs.ReadAsync(_deadline)).Data.ShouldBe(1);
    }

    [Fact]
    public async Task A_token_from_options_or_the_url()
    {
        await using var server = await NatsServer.StartAsync("authorization { timeout: 60, token: s3cret }");
        await using var right = With(server, new NatsAuthOpts { Token = "s3cret" });
        await right.PingAsync(_deadline);
        await using var byUrl = new NatsConnection(server.Options() with { Url = $"nats://s3cret@127.0.0.1:{server.Port}" });
        await byUrl.PingAsync(_deadline);
        await RefusedAsync(With(server, new NatsAuthOpts { Token = "other" }));
    }

    [Fact]
    public async Task An_nkey_signs_the_servers_nonce()
    {
        var seed = NKeySeed.Format(Enumerable.Range(1, 32).Select(i => (byte)i).ToArray());
        var key = NKeySeed.Parse(seed).PublicKey;
        await using var server = await NatsServer.StartAsync($$"""authorization { timeout: 60, users: [ { nkey: {{key}} } ] }""");
        await using var right = With(server, new NatsAuthOpts { Seed = seed, NKey = key });
        await right.PingAsync(_deadline);
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "seed.nk");
        await File.WriteAllTextAsync(file, seed + "\n");
        await using var byFile = With(server, new NatsAuthOpts { NKeyFile = file });
        await byFile.PingAsync(_deadline);
        await RefusedAsync(With(server, new NatsAuthOpts { Seed = NKeySeed.Format(new byte[32]) }));
        var fault = await RefusedAsync(With(server, new NatsAuthOpts { Seed = seed, NKey = "UA" }));
        fault.Message.ShouldContain("public key");
    }

    [Fact]
    public async Task A_user_jwt_with_its_seed_as_text_file_or_options()
    {
        var trusted = new TestOperator();
        await using var server = await NatsServer.StartAsync(trusted.Configuration, jetStream: false);
        await using var byText = With(server, new NatsAuthOpts { Creds = trusted.Credentials });
        await byText.PingAsync(_deadline);
        using var folder = new TemporaryFolder();
        var file = Path.Combine(folder.Path, "user.creds");
        await File.WriteAllTextAsync(file, trusted.Credentials.ReplaceLineEndings("\r\n"));
        await using var byFile = With(server, new NatsAuthOpts { CredsFile = file });
        await byFile.PingAsync(_deadline);
        await using var byOptions = With(server, new NatsAuthOpts { Jwt = trusted.UserJwt, Seed = trusted.UserSeed });
        await byOptions.PingAsync(_deadline);

        await RefusedAsync(With(server, new NatsAuthOpts { Creds = new TestOperator().Credentials }));
        (await RefusedAsync(With(server, new NatsAuthOpts { CredsFile = file + ".absent" }))).Message.ShouldContain("cannot be read");
        (await RefusedAsync(With(server, new NatsAuthOpts { Creds = "nothing" }))).Message.ShouldContain("hold no");
    }

    [Fact]
    public async Task Credentials_that_are_refused_twice_after_a_loss_end_the_connection()
    {
        await using var server = await NatsServer.StartAsync("authorization { timeout: 60, token: one }");
        await using var connection = With(server, new NatsAuthOpts { Token = "one" });
        await using var subscription = await connection.SubscribeCoreAsync<int>("a");
        await server.KillAsync();
        await server.StartAgainAsync("authorization { timeout: 60, token: two }");
        var fault = await Should.ThrowAsync<NatsConnectionFailedException>(() => subscription.Msgs.Completion.WaitAsync(_deadline));
        fault.Message.ShouldContain("refused twice");
        connection.ConnectionState.ShouldBe(NatsConnectionState.Failed);
    }

    [Theory]
    [InlineData("")]
    [InlineData("SUAM")]
    [InlineData("not base32!")]
    [InlineData("UAAQEAYEAUDAOCAJBIFQYDIOB4IBCEQTCQKRMFYYDENBWHA5DYPSABCD")]
    public void What_is_no_seed_is_refused_without_repeating_it(string text)
    {
        var fault = Should.Throw<NatsException>(() => NKeySeed.Parse(text));
        if (text.Length > 0)
            fault.Message.ShouldNotContain(text);
    }

    [Fact]
    public void A_seed_with_a_mistyped_letter_is_refused()
    {
        var seed = NKeySeed.Format(new byte[32]);
        NKeySeed.Parse(seed).PublicKey.ShouldStartWith("U");
        seed.ShouldStartWith("SU");
        Should.Throw<NatsException>(() => NKeySeed.Parse(seed[..20] + (seed[20] == 'A' ? 'B' : 'A') + seed[21..]))
            .Message.ShouldContain("checksum");
    }

    [Fact]
    public void Options_never_print_credentials() =>
        (NatsOpts.Default with { AuthOpts = new NatsAuthOpts { Username = "joe", Password = "hidden", Token = "hidden", Seed = "hidden" } })
            .ToString().ShouldNotContain("hidden");

    private static NatsConnection With(NatsServer server, NatsAuthOpts auth) => new(server.Options() with { AuthOpts = auth });

    private static async Task<NatsConnectionFailedException> RefusedAsync(NatsConnection connection)
    {
        await using (connection)
            return await Should.ThrowAsync<NatsConnectionFailedException>(async () => await connection.ConnectAsync());
    }
}
