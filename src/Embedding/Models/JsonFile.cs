using System.Text.Json;

namespace Rag.Embedding.Models;

/// <summary>Small JSON files of a model folder.</summary>
internal static class JsonFile
{
    // config.json and its kin are a few KiB; this keeps a wrong file from being read into memory.
    private const long MaxBytes = 4 << 20;

    /// <summary>The root element, or null if there is no such file.</summary>
    /// <exception cref="ModelFormatException">It is not JSON, or larger than any such file.</exception>
    public static JsonElement? Read(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists)
            return null;
        if (file.Length > MaxBytes)
            throw new ModelFormatException($"'{path}' has {file.Length} bytes; no such file is larger than {MaxBytes}.");
        try
        {
            using var stream = file.OpenRead();
            using var document = JsonDocument.Parse(stream);
            return document.RootElement.Clone();
        }
        catch (JsonException error)
        {
            throw new ModelFormatException($"'{path}' is not valid JSON: {error.Message}", error);
        }
    }

    /// <summary>A property that is a whole number (a larger one counts as <see cref="long.MaxValue"/>), or null.</summary>
    public static long? Integer(JsonElement? element, string name)
    {
        if (element is not { ValueKind: JsonValueKind.Object } holder || !holder.TryGetProperty(name, out var value)
            || value.ValueKind != JsonValueKind.Number)
            return null;
        if (value.TryGetInt64(out var number))
            return number;
        return value.GetDouble() > 0 ? long.MaxValue : null;
    }

    /// <summary>A property that is a string, or null.</summary>
    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
            ? value.GetString()
            : null;
}
