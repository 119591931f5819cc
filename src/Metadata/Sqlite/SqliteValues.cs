using System.Runtime.InteropServices;
using Microsoft.Data.Sqlite;

namespace Rag.Metadata.Sqlite;

/// <summary>How values stand in the database: times as microseconds, UUIDs as 16 bytes big endian.</summary>
internal static class SqliteValues
{
    public static object ToParameter(object? value) => value switch
    {
        null => DBNull.Value,
        Guid uuid => uuid.ToByteArray(bigEndian: true),
        DateTimeOffset time => ToMicroseconds(time),
        ReadOnlyMemory<byte> bytes => ToArray(bytes),
        bool flag => flag ? 1L : 0L,
        _ => value,
    };

    public static long ToMicroseconds(DateTimeOffset time) =>
        (time.UtcTicks - DateTimeOffset.UnixEpoch.UtcTicks) / TimeSpan.TicksPerMicrosecond;

    public static DateTimeOffset ToTime(long microseconds) =>
        DateTimeOffset.UnixEpoch.AddTicks(microseconds * TimeSpan.TicksPerMicrosecond);

    public static Guid GetUuid(this SqliteDataReader reader, int column)
    {
        var bytes = reader.GetFieldValue<byte[]>(column);
        return bytes.Length == 16
            ? new Guid(bytes, bigEndian: true)
            : throw new MetadataStoreException(
                MetadataFault.Corrupt, "The metadata store holds a UUID of a wrong length: restore it from a backup.");
    }

    public static byte[] GetBlob(this SqliteDataReader reader, int column) => reader.GetFieldValue<byte[]>(column);

    public static DateTimeOffset GetTime(this SqliteDataReader reader, int column) => ToTime(reader.GetInt64(column));

    private static byte[] ToArray(ReadOnlyMemory<byte> bytes) =>
        MemoryMarshal.TryGetArray(bytes, out var segment) && segment.Offset == 0
        && segment.Array!.Length == segment.Count
            ? segment.Array
            : bytes.ToArray();
}
