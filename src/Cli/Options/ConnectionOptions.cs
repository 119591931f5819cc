using System.CommandLine;
using Rag.Cli.Composition;

namespace Rag.Cli.Options;

/// <summary>Which engine a verb talks to: <c>--address</c>, else the one that serves the data folder, else its own.</summary>
internal sealed class ConnectionOptions
{
    private readonly Option<string?> _address = new("--address", "-a")
    {
        Description = "Address of a running engine, as http://127.0.0.1:7700. Default: the one that serves the data folder.",
        HelpName = "URL",
    };

    private readonly Option<string?> _data = new("--data", "-d")
    {
        Description = "Data folder. Default: RAG_DATA, else .rag/data of the checkout.",
        HelpName = "FOLDER",
    };

    public void AddTo(Command command)
    {
        command.Options.Add(_address);
        command.Options.Add(_data);
    }

    public string? Address(ParseResult parsed) => parsed.GetValue(_address);

    public DataFolder Data(ParseResult parsed) => DataFolder.Resolve(parsed.GetValue(_data));

    /// <summary>True where neither the command line nor RAG_DATA names a folder.</summary>
    public bool IsDefaultData(ParseResult parsed) =>
        string.IsNullOrEmpty(parsed.GetValue(_data))
        && string.IsNullOrEmpty(Environment.GetEnvironmentVariable(DataFolder.Variable));
}
