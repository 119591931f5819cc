using Rag.Engine;
using Rag.Hosting.Wire;

namespace Rag.Shard.Mapping;

/// <summary>Metadata values as rag.v1.Value holds them, written from the store's bytes; see <see cref="ValueMapping"/>.</summary>
internal static class ValueBytes
{
    // Value
    private const byte String = 1 << 3 | 2;
    private const byte Integer = 2 << 3 | 0;
    private const byte Float = 3 << 3 | 1;
    private const byte Boolean = 4 << 3 | 0;
    private const byte Timestamp = 5 << 3 | 2;
    private const byte Geo = 11 << 3 | 2;

    // Values of a list, in its message
    private const byte Values = 1 << 3 | 2;

    // google.protobuf.Timestamp
    private const byte Seconds = 1 << 3 | 0;
    private const byte Nanos = 2 << 3 | 0;
    private const int NanosPerTick = 100;

    // GeoPoint
    private const byte Latitude = 1 << 3 | 1;
    private const byte Longitude = 2 << 3 | 1;

    /// <summary>Writes the value that <paramref name="from"/> stands at.</summary>
    public static void Write(WireBuffer to, ref StoredMetadata from)
    {
        if (from.IsList)
        {
            WriteList(to, ref from);
            return;
        }

        if (from.Kind == MetadataKind.String)
        {
            to.Bytes(String, from.ReadText());
            return;
        }

        var value = from.ReadValue();
        switch (from.Kind)
        {
            case MetadataKind.Integer:
                to.Varint(Integer, (ulong)value.AsInteger());
                break;
            case MetadataKind.Float:
                to.Fixed64(Float, value.AsFloat());
                break;
            case MetadataKind.Boolean:
                to.Varint(Boolean, value.AsBoolean() ? 1UL : 0);
                break;
            case MetadataKind.Location:
                WriteMessage(to, Geo, value);
                break;
            default:
                WriteMessage(to, Timestamp, value);
                break;
        }
    }

    private static void WriteList(WireBuffer to, ref StoredMetadata from)
    {
        var list = to.Begin(ListTag(from.Kind));
        if (from.Kind is MetadataKind.Integer or MetadataKind.Float or MetadataKind.Boolean)
            WritePacked(to, ref from);
        else
        {
            for (var i = 0; i < from.Count; i++)
            {
                if (from.Kind == MetadataKind.String)
                    to.Bytes(Values, from.ReadText());
                else
                    WriteMessage(to, Values, from.ReadValue());
            }
        }

        to.End(list);
    }

    private static void WritePacked(WireBuffer to, ref StoredMetadata from)
    {
        if (from.Count == 0)
            return;
        var packed = to.Begin(Values);
        for (var i = 0; i < from.Count; i++)
        {
            var value = from.ReadValue();
            if (from.Kind == MetadataKind.Float)
                to.PackedFixed64(value.AsFloat());
            else
                to.PackedVarint(from.Kind == MetadataKind.Integer ? (ulong)value.AsInteger() : value.AsBoolean() ? 1UL : 0);
        }

        to.End(packed);
    }

    private static void WriteMessage(WireBuffer to, byte tag, MetadataValue value)
    {
        var message = to.Begin(tag);
        if (value.Kind == MetadataKind.Location)
            WritePlace(to, value.AsLocation());
        else
            WriteMoment(to, value.AsTimestamp());
        to.End(message);
    }

    private static void WritePlace(WireBuffer to, GeoPoint place)
    {
        if (place.Latitude != 0)
            to.Fixed64(Latitude, place.Latitude);
        if (place.Longitude != 0)
            to.Fixed64(Longitude, place.Longitude);
    }

    private static void WriteMoment(WireBuffer to, DateTimeOffset moment)
    {
        var ticks = moment.UtcTicks - DateTimeOffset.UnixEpoch.Ticks;
        // Nanoseconds count forward from the second before, also before 1970.
        var seconds = Math.DivRem(ticks, TimeSpan.TicksPerSecond, out var rest);
        if (rest < 0)
            (seconds, rest) = (seconds - 1, rest + TimeSpan.TicksPerSecond);
        if (seconds != 0)
            to.Varint(Seconds, (ulong)seconds);
        if (rest != 0)
            to.Varint(Nanos, (ulong)(rest * NanosPerTick));
    }

    private static byte ListTag(MetadataKind kind) => kind switch
    {
        MetadataKind.String => 6 << 3 | 2,
        MetadataKind.Integer => 7 << 3 | 2,
        MetadataKind.Float => 8 << 3 | 2,
        MetadataKind.Boolean => 9 << 3 | 2,
        MetadataKind.Location => 12 << 3 | 2,
        _ => 10 << 3 | 2,
    };
}
