namespace Rag.Embedding.Models;

/// <summary>Finds out a model's licence: the model card's front matter, or the licence file's title.</summary>
internal static class LicenceFile
{
    private const int MaxLines = 200;

    private static readonly (string Marker, string Name)[] Known =
    [
        ("Apache License", "apache-2.0"),
        ("MIT License", "mit"),
        ("BSD 3-Clause", "bsd-3-clause"),
        ("BSD 2-Clause", "bsd-2-clause"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE", "agpl-3.0"),
        ("GNU GENERAL PUBLIC LICENSE", "gpl"),
        ("Creative Commons", "creative-commons"),
    ];

    /// <summary>The licence's name, or null if neither file says.</summary>
    public static string? Read(string folder) => FromCard(folder) ?? FromFile(folder);

    private static string? FromCard(string folder)
    {
        var path = Path.Combine(folder, "README.md");
        if (!File.Exists(path))
            return null;
        var lines = File.ReadLines(path).Take(MaxLines).ToList();
        if (lines.Count == 0 || lines[0].Trim() != "---")
            return null;
        return lines.Skip(1)
            .TakeWhile(line => line.Trim() != "---")
            .Where(line => line.StartsWith("license:", StringComparison.OrdinalIgnoreCase))
            .Select(line => line["license:".Length..].Trim().Trim('"', '\''))
            .FirstOrDefault(licence => licence.Length is > 0 and <= 100);
    }

    private static string? FromFile(string folder)
    {
        foreach (var name in new[] { "LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE" })
        {
            var path = Path.Combine(folder, name);
            if (!File.Exists(path))
                continue;
            var head = string.Join('\n', File.ReadLines(path).Take(10));
            return Known.Where(known => head.Contains(known.Marker, StringComparison.OrdinalIgnoreCase))
                .Select(known => known.Name)
                .FirstOrDefault() ?? "see " + name;
        }

        return null;
    }
}
