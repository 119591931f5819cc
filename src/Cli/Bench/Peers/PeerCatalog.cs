using Rag.Cli.Composition;

namespace Rag.Cli.Bench.Peers;

/// <summary>The libraries that a benchmark can be compared with, by the names of <c>--peers</c>.</summary>
internal static class PeerCatalog
{
    public const string All = "all";

    private static readonly Dictionary<string, AnnPeer[]> Known = new(StringComparer.Ordinal)
    {
        ["hnswlib"] = [Native("hnswlib", NativePeerProgram.Hnswlib)],
        ["faiss"] = [Native("faiss-hnsw", NativePeerProgram.Faiss), Native("faiss-hnsw-sq8", NativePeerProgram.Faiss)],
        ["usearch"] = [Node("usearch", "usearch")],
        ["zvec"] = [Node("zvec", "@zvec/zvec")],
    };

    /// <summary>Names that <see cref="Read"/> takes, beside <see cref="All"/>.</summary>
    public static IReadOnlyCollection<string> Names => Known.Keys;

    /// <summary>The folder with the peers' programs in the source tree; null for an installed program.</summary>
    public static string? SourceFolder { get; } =
        Checkout.Folder is { } checkout ? Path.Combine(checkout, "bench", "peers") : null;

    /// <summary>Peers from a list such as <c>hnswlib,faiss</c>; a name twice counts once.</summary>
    /// <exception cref="CliException">A name is unknown.</exception>
    public static IReadOnlyList<AnnPeer> Read(string list)
    {
        var names = list.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (names.FirstOrDefault(name => name != All && !Known.ContainsKey(name)) is { } unknown)
        {
            throw new CliException(
                $"'{unknown}' is no peer: choose from {string.Join(", ", Names)}, or {All}.", ExitCode.Usage);
        }

        return [.. (names.Contains(All) ? Names : names.Distinct()).SelectMany(name => Known[name])];
    }

    private static AnnPeer Native(string name, NativePeerProgram program) =>
        new(name, cancellationToken => program.CompileAsync(name, cancellationToken));

    private static AnnPeer Node(string name, string package) => new(name, _ => Task.FromResult(NodePeer.Find(name, package)));
}
