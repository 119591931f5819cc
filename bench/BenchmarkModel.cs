namespace Rag.Benchmarks;

/// <summary>The repository's default model, wherever BenchmarkDotNet runs its copy of this program.</summary>
internal static class BenchmarkModel
{
    public static string Folder { get; } = Find();

    /// <summary>A text of about <paramref name="words"/> English words, always the same.</summary>
    public static string Text(int words)
    {
        string[] vocabulary =
        [
            "the", "of", "and", "search", "engine", "retrieves", "passages", "that", "answer", "a", "question", "from",
            "documents", "which", "were", "chunked", "embedded", "indexed", "before", "replication", "tokenizers",
            "quantisation", "latency", "under", "load", "remains", "low", "because", "reads", "never", "lock",
        ];
        var random = new Random(7);
        return string.Join(' ', Enumerable.Range(0, words).Select(i =>
            vocabulary[random.Next(vocabulary.Length)] + (i % 11 == 10 ? "," : i % 17 == 16 ? "." : "")));
    }

    private static string Find()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "Rag.Engine.sln")))
                return Path.Combine(folder.FullName, "models", "all-MiniLM-L6-v2");
        }

        throw new DirectoryNotFoundException($"No repository above {AppContext.BaseDirectory}.");
    }
}
