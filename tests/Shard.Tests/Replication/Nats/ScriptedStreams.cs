using System.Collections.Concurrent;
using NATS.Client.Core;
using Rag.Testing;

namespace Rag.Shard.Tests.Replication.Nats;

/// <summary>
/// Answers JetStream's calls for streams in the place of servers that do not know yet who is there: makes none at first.
/// The server itself is one without JetStream.
/// </summary>
internal sealed class ScriptedStreams : IAsyncDisposable
{
    private const string Calls = "$JS.API.STREAM.";

    private readonly ConcurrentDictionary<string, string> _made = new();
    private readonly NatsConnection _connection;
    private readonly INatsSub<string> _calls;
    private readonly Task _answering;
    private int _refusals;

    private ScriptedStreams(NatsConnection connection, INatsSub<string> calls, int refusals)
    {
        (_connection, _calls, _refusals) = (connection, calls, refusals);
        _answering = Task.Run(AnswerAsync);
    }

    /// <summary>Streams that were made, by name.</summary>
    public IEnumerable<string> Made => _made.Keys.Order();

    /// <param name="server">Without JetStream.</param>
    /// <param name="refusals">How often it says that it has no place for the copies, before it makes the first stream.</param>
    public static async Task<ScriptedStreams> StartAsync(NatsServer server, int refusals)
    {
        var connection = server.Connect();
        var calls = await connection.SubscribeCoreAsync<string>(Calls + ">");
        await connection.PingAsync();
        return new ScriptedStreams(connection, calls, refusals);
    }

    public async ValueTask DisposeAsync()
    {
        await _calls.DisposeAsync();
        await _answering.WaitAsync(TimeSpan.FromSeconds(30));
        await _connection.DisposeAsync();
    }

    private async Task AnswerAsync()
    {
        await foreach (var call in _calls.Msgs.ReadAllAsync())
        {
            var name = call.Subject[(call.Subject.LastIndexOf('.') + 1)..];
            await call.ReplyAsync(call.Subject.StartsWith(Calls + "CREATE", StringComparison.Ordinal) ? Make(name, call.Data!) : Tell(name));
        }
    }

    private string Make(string name, string config)
    {
        if (_refusals > 0)
        {
            _refusals--;
            return Error(400, 10005, "no suitable peers for placement");
        }

        _made[name] = config;
        return Tell(name);
    }

    private string Tell(string name) => _made.TryGetValue(name, out var config)
        ? $$"""{ "config": {{config}}, "created": "2030-01-01T00:00:00Z", "state": {} }"""
        : Error(404, 10059, "stream not found");

    private static string Error(int code, int number, string description) =>
        $$"""{ "error": { "code": {{code}}, "err_code": {{number}}, "description": "{{description}}" } }""";
}
