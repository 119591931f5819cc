using System.Text.Json;
using Google.Protobuf.Collections;
using Rag.Router.Errors;
using Rag.V1;

namespace Rag.Router.Publishing;

/// <summary>
/// Metadata as a JSON object in a header: strings, integers, other numbers, true and false, and lists of one of them.
/// </summary>
internal static class PublishedMetadata
{
    private static readonly JsonDocumentOptions Strict = new() { MaxDepth = 3 };

    /// <exception cref="RefusedException">It is something else.</exception>
    public static void Read(string json, MapField<string, Value> metadata)
    {
        try
        {
            using var document = JsonDocument.Parse(json, Strict);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                throw Fault("It is a JSON object, such as {\"lang\": \"en\", \"year\": 2024}.");
            foreach (var property in document.RootElement.EnumerateObject())
                metadata[property.Name] = ValueOf(property.Name, property.Value);
        }
        catch (JsonException broken)
        {
            throw Fault($"It is no JSON: {broken.Message}");
        }
    }

    private static Value ValueOf(string key, JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.String => new Value { StringValue = json.GetString() },
        JsonValueKind.True or JsonValueKind.False => new Value { BoolValue = json.GetBoolean() },
        JsonValueKind.Number when json.TryGetInt64(out var integer) => new Value { IntegerValue = integer },
        JsonValueKind.Number => new Value { FloatValue = json.GetDouble() },
        JsonValueKind.Array => ListOf(key, [.. json.EnumerateArray().Select(element => ValueOf(key, element))]),
        _ => throw Fault($"'{key}' is neither a string, a number, true, false nor a list of one of them."),
    };

    private static Value ListOf(string key, Value[] values)
    {
        var kinds = values.Select(value => value.KindCase).ToHashSet();
        // 1 and 2.5 in one list are numbers both.
        if (kinds.SetEquals([Value.KindOneofCase.IntegerValue, Value.KindOneofCase.FloatValue]))
        {
            return new Value
            {
                FloatList = new FloatList
                {
                    Values = { values.Select(value => value.HasIntegerValue ? value.IntegerValue : value.FloatValue) },
                },
            };
        }

        if (kinds.Count != 1)
            throw Fault($"'{key}' is a list that is empty or of several kinds: send values of one kind.");
        return values[0].KindCase switch
        {
            Value.KindOneofCase.StringValue => new Value { StringList = new StringList { Values = { values.Select(value => value.StringValue) } } },
            Value.KindOneofCase.IntegerValue => new Value { IntegerList = new IntegerList { Values = { values.Select(value => value.IntegerValue) } } },
            Value.KindOneofCase.FloatValue => new Value { FloatList = new FloatList { Values = { values.Select(value => value.FloatValue) } } },
            Value.KindOneofCase.BoolValue => new Value { BoolList = new BoolList { Values = { values.Select(value => value.BoolValue) } } },
            _ => throw Fault($"'{key}' is a list of lists."),
        };
    }

    private static RefusedException Fault(string sentence) => Refuse.Invalid(PublishedDocument.MetadataHeader, sentence);
}
