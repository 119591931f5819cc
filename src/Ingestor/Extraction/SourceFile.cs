namespace Rag.Ingestor.Extraction;

/// <summary>
/// A file to read.
/// </summary>
/// <param name="Name">The file's name, whose extension decides between formats that look alike; may be empty.</param>
/// <param name="Content">The bytes; must seek, is read from position 0 and not disposed by the reader.</param>
/// <param name="MediaType">What the sender calls it ("text/markdown"), used where the name has no known
/// extension.</param>
/// <param name="Path">Where the same bytes lie on disk, if they do: saves a copy for programs that need a file.</param>
public sealed record SourceFile(string Name, Stream Content, string? MediaType = null, string? Path = null)
{
    /// <summary>The name's extension in lower case with its dot, or an empty string.</summary>
    internal string Extension => System.IO.Path.GetExtension(Name).ToLowerInvariant();
}
