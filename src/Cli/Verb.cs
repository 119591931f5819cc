using System.CommandLine;

namespace Rag.Cli;

/// <summary>A command whose help ends with examples.</summary>
internal sealed class Verb(string name, string description, params string[] examples) : Command(name, description)
{
    /// <summary>Whole command lines, as one types them.</summary>
    public IReadOnlyList<string> Examples { get; } = examples;
}
