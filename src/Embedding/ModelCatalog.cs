using Rag.Embedding.Models;

namespace Rag.Embedding;

/// <summary>
/// The models in one or more folders: each is a folder below one of them ("name"), or one level deeper ("org/name").
/// Earlier folders win over later ones of the same name. Reads the disk at every call; safe for concurrent use.
/// </summary>
/// <param name="folders">Models folders; those that do not exist are empty.</param>
public sealed class ModelCatalog(IReadOnlyList<string> folders)
{
    // A models folder is a handful; this only keeps a wrong path (such as /) from being searched for minutes.
    private const int MaxFolders = 10_000;

    /// <summary>Everything that looks like a model, by name, those included that cannot be used.</summary>
    public IReadOnlyList<ModelCatalogEntry> List()
    {
        var entries = new SortedDictionary<string, ModelCatalogEntry>(StringComparer.Ordinal);
        foreach (var root in folders)
        {
            foreach (var (name, folder) in Candidates(root).Take(MaxFolders))
            {
                if (!entries.ContainsKey(name) && ModelFolder.LooksLikeModel(folder))
                    entries.Add(name, Read(name, folder));
            }
        }

        return [.. entries.Values];
    }

    /// <summary>
    /// Finds a model that can be used: by its whole name, or by the part behind the slash if only one has it.
    /// </summary>
    /// <exception cref="ModelFormatException">
    /// There is none of that name, several, or it cannot be used; the message names what there is.
    /// </exception>
    public ModelInfo Find(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        var entries = List();
        var found = entries.Where(entry => entry.Name == name).ToList();
        if (found.Count == 0)
            found = [.. entries.Where(entry => entry.Name.EndsWith('/' + name, StringComparison.Ordinal))];
        return found switch
        {
            [{ Model: { } model }] => model,
            [{ Error: var error }] => throw new ModelFormatException($"Model '{name}' cannot be used: {error}"),
            [] => throw new ModelFormatException(
                $"There is no model '{name}'. {Known(entries)} Fetch others with: rag model pull NAME."),
            _ => throw new ModelFormatException(
                $"Several models are called '{name}': {string.Join(", ", found.Select(entry => entry.Name))}."),
        };
    }

    private static string Known(IReadOnlyList<ModelCatalogEntry> entries) => entries.Count == 0
        ? "There are no models here."
        : $"There are: {string.Join(", ", entries.Select(entry => entry.Name))}.";

    private static IEnumerable<(string Name, string Folder)> Candidates(string root)
    {
        foreach (var folder in Subfolders(root))
        {
            var name = Path.GetFileName(folder);
            yield return (name, folder);
            foreach (var inner in Subfolders(folder))
                yield return (name + '/' + Path.GetFileName(inner), inner);
        }
    }

    private static IEnumerable<string> Subfolders(string folder) => Directory.Exists(folder)
        ? Directory.EnumerateDirectories(folder).Where(path => Path.GetFileName(path)[0] != '.')
        : [];

    private static ModelCatalogEntry Read(string name, string folder)
    {
        try
        {
            return new ModelCatalogEntry(name, folder, ModelFolder.Read(folder, name), null);
        }
        catch (ModelFormatException error)
        {
            return new ModelCatalogEntry(name, folder, null, error.Message);
        }
    }
}
