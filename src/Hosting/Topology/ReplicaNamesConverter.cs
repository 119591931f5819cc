using System.Text.Json;
using System.Text.Json.Serialization;

namespace Rag.Hosting.Topology;

/// <summary>A placement's values: one name as it is, several as a list.</summary>
internal sealed class ReplicaNamesConverter : JsonConverter<Dictionary<string, string[]>>
{
    public override Dictionary<string, string[]> Read(
        ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException("placement must be an object.");
        var placement = new Dictionary<string, string[]>(StringComparer.Ordinal);
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var range = reader.GetString()!;
            reader.Read();
            var names = reader.TokenType == JsonTokenType.String
                ? [reader.GetString()!]
                : JsonSerializer.Deserialize<string[]>(ref reader, options) ?? [];
            if (!placement.TryAdd(range, names))
                throw new JsonException($"placement names '{range}' twice.");
        }

        return placement;
    }

    public override void Write(Utf8JsonWriter writer, Dictionary<string, string[]> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        foreach (var (range, names) in value)
        {
            writer.WritePropertyName(range);
            if (names.Length == 1)
                writer.WriteStringValue(names[0]);
            else
                JsonSerializer.Serialize(writer, names, options);
        }

        writer.WriteEndObject();
    }
}
