using System.CommandLine;
using Google.Protobuf;
using Rag.Cli.Composition;
using Rag.Cli.Options;
using Rag.Cli.Output;
using Rag.Client;

namespace Rag.Cli.Verbs;

/// <summary>What the action of a small verb works with.</summary>
internal sealed class EngineCall(RagClient client, ParseResult parsed, Terminal terminal, bool json)
{
    public RagClient Client { get; } = client;

    public ParseResult Parsed { get; } = parsed;

    /// <summary>A result: as JSON in one line, or as text.</summary>
    public void Print<T>(T message, Func<T, string> text)
        where T : IMessage
    {
        if (json)
            JsonLines.Write(terminal.Out, message);
        else
            terminal.Out.WriteLine(text(message));
    }

    /// <summary>A sentence for people; programs read the exit code.</summary>
    public void Note(string sentence)
    {
        if (!json)
            terminal.Out.WriteLine(sentence);
    }
}

/// <summary>Gives a small verb its connection and <c>--json</c>.</summary>
internal static class EngineVerb
{
    /// <summary>The same for an action that decides on the exit code.</summary>
    public static Verb With(Verb verb, Terminal terminal, Func<EngineCall, CancellationToken, Task<int>> action)
    {
        var connection = new ConnectionOptions();
        var json = JsonOption.Create();
        verb.Options.Add(json);
        connection.AddTo(verb);
        verb.SetAction(async (parsed, stop) =>
        {
            await using var engine = await EngineConnector.ConnectAsync(connection, parsed, stop);
            return await action(new EngineCall(engine.Client, parsed, terminal, parsed.GetValue(json)), stop);
        });
        return verb;
    }

    public static Verb With(Verb verb, Terminal terminal, Func<EngineCall, CancellationToken, Task> action) =>
        With(verb, terminal, async (call, stop) =>
        {
            await action(call, stop);
            return ExitCode.Ok;
        });
}
