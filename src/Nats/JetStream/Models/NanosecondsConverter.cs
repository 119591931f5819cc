using System.Text.Json;
using System.Text.Json.Serialization;

namespace NATS.Client.JetStream.Models;

/// <summary>Durations as JetStream's JSON has them: whole nanoseconds. A TimeSpan keeps hundreds of them.</summary>
internal sealed class NanosecondsConverter : JsonConverter<TimeSpan>
{
    public override TimeSpan Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        TimeSpan.FromTicks(reader.GetInt64() / TimeSpan.NanosecondsPerTick);

    public override void Write(Utf8JsonWriter writer, TimeSpan value, JsonSerializerOptions options) =>
        writer.WriteNumberValue(Nanoseconds(value));

    /// <summary>The longest is 292 years: what is longer becomes that.</summary>
    public static long Nanoseconds(TimeSpan value) => value.Ticks > long.MaxValue / TimeSpan.NanosecondsPerTick
        ? long.MaxValue
        : value.Ticks * TimeSpan.NanosecondsPerTick;
}
