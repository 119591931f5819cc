using System.CommandLine;
using System.CommandLine.Parsing;
using System.Net;

namespace Rag.Cli.Options;

/// <summary>Where a server listens: <c>--listen</c>, with <c>--port</c> to change only the port.</summary>
internal sealed class ListenOptions
{
    private readonly int _defaultPort;
    private readonly Option<IPEndPoint?> _listen;
    private readonly Option<int?> _port = new("--port", "-p") { Description = "Port to listen on; 0 takes any free one." };

    public ListenOptions(int defaultPort)
    {
        _defaultPort = defaultPort;
        _listen = CreateOption(
            "--listen",
            "Where to listen, as http://127.0.0.1:7700 or 127.0.0.1. There is no authentication yet: leave it at "
            + "loopback, or put something before it that has.",
            defaultPort);
        _listen.Aliases.Add("--address");
        _listen.Aliases.Add("-a");
        _port.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int?>() is < 0 or > 65_535)
                result.AddError("A port is 0 to 65,535.");
        });
    }

    public void AddTo(Command command)
    {
        command.Options.Add(_listen);
        command.Options.Add(_port);
    }

    /// <summary>What was asked for, or null.</summary>
    public IPEndPoint? Given(ParseResult parsed)
    {
        var listen = parsed.GetValue(_listen);
        return parsed.GetValue(_port) is { } port
            ? new IPEndPoint(listen?.Address ?? IPAddress.Loopback, port)
            : listen;
    }

    /// <summary>What was asked for, else loopback and the default port.</summary>
    public IPEndPoint EndPoint(ParseResult parsed) => Given(parsed) ?? new IPEndPoint(IPAddress.Loopback, _defaultPort);

    /// <summary>An option that takes an address in any of its usual forms.</summary>
    public static Option<IPEndPoint?> CreateOption(string name, string description, int defaultPort) => new(name)
    {
        Description = description,
        HelpName = "URL",
        CustomParser = result => Parse(result, defaultPort),
    };

    private static IPEndPoint? Parse(ArgumentResult result, int defaultPort)
    {
        var text = result.Tokens[0].Value;
        var bare = text.StartsWith("http://", StringComparison.OrdinalIgnoreCase) ? text["http://".Length..].TrimEnd('/') : text;
        if (bare.StartsWith("localhost", StringComparison.OrdinalIgnoreCase))
            bare = "127.0.0.1" + bare["localhost".Length..];
        if (IPAddress.TryParse(bare, out var address))
            return new IPEndPoint(address, defaultPort);
        if (bare.Contains(':') && IPEndPoint.TryParse(bare, out var endPoint))
            return endPoint;
        result.AddError($"'{text}' is no address to listen on: try http://127.0.0.1:{defaultPort}.");
        return null;
    }
}
