using Rag.Cli.Composition;
using Rag.Cli.Ingestion;

namespace Rag.Cli.Demo;

/// <summary>What the demo takes in: a folder of the user's, or this repository's documents and sources.</summary>
internal sealed class DemoFiles
{
    private static readonly string[] OwnFolders = ["docs/", "src/", "protos/"];

    // Packages' lock files and the like are nobody's reading.
    private static readonly string[] OwnEndings = [".md", ".cs", ".proto"];

    private DemoFiles(string folder, bool isOwn, IReadOnlyList<SourceFile> files)
    {
        Folder = folder;
        IsOwn = isOwn;
        Files = files;
    }

    /// <summary>Absolute path.</summary>
    public string Folder { get; }

    /// <summary>It is this repository.</summary>
    public bool IsOwn { get; }

    public IReadOnlyList<SourceFile> Files { get; }

    /// <param name="folder">Null: this repository.</param>
    /// <exception cref="CliException">There is no such folder, or nothing in it.</exception>
    public static DemoFiles Find(string? folder)
    {
        var isOwn = folder is null;
        folder = Path.GetFullPath(folder ?? Checkout.Folder
            ?? throw new CliException("Name a folder with documents: rag demo FOLDER.", ExitCode.Usage));
        var files = SourceFiles.Find([folder]);
        if (isOwn)
            files = [.. files.Where(file => IsOwnDocument(file.DocumentId))];
        return files.Count > 0
            ? new DemoFiles(folder, isOwn, files)
            : throw new CliException($"There is no file in {folder}: name a folder with documents.");
    }

    private static bool IsOwnDocument(string path) =>
        (!path.Contains('/') || OwnFolders.Any(folder => path.StartsWith(folder, StringComparison.Ordinal)))
        && OwnEndings.Contains(Path.GetExtension(path));
}
