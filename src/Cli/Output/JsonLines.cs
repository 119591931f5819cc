using System.Text.Encodings.Web;
using System.Text.Json;
using Google.Protobuf;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Output;

/// <summary>One JSON object a line.</summary>
internal static class JsonLines
{
    private static readonly JsonWriterOptions WriterOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly JsonFormatter Messages =
        new(JsonFormatter.Settings.Default.WithFormatDefaultValues(true).WithPreserveProtoFieldNames(true));

    /// <summary>Writes what <paramref name="write"/> puts between the braces.</summary>
    public static void Write(TextWriter output, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, WriterOptions))
        {
            json.WriteStartObject();
            write(json);
            json.WriteEndObject();
        }

        output.WriteLine(System.Text.Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }

    /// <summary>A message as protobuf's JSON, with the names of the .proto files.</summary>
    public static void Write(TextWriter output, IMessage message) => output.WriteLine(Messages.Format(message));

    /// <summary>Metadata as plain JSON: numbers, strings, booleans, lists; times as strings.</summary>
    public static void WriteMetadata(Utf8JsonWriter json, IEnumerable<KeyValuePair<string, Value>> metadata)
    {
        json.WriteStartObject("metadata");
        foreach (var (key, value) in metadata.OrderBy(item => item.Key, StringComparer.Ordinal))
        {
            json.WritePropertyName(key);
            JsonSerializer.Serialize(json, value.ToObject());
        }

        json.WriteEndObject();
    }
}
