using System.IO.Compression;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Reads a zip file's directory and refuses it before anything is unpacked: bombs, climbing names, encryption.
/// Declared sizes may lie, so whoever unpacks wraps the entry in <see cref="LimitedStream"/> too.
/// </summary>
internal static class ZipGuard
{
    private const long RatioFloorBytes = 16 << 20;
    private const int EndRecordBytes = 22;
    private const int LongestComment = 65_535;

    public static void CheckDirectory(SourceFile file, ExtractionOptions options)
    {
        // ZipArchive holds the whole directory in memory, so its count is looked up before.
        var declared = DeclaredEntries(file.Content);
        if (declared > options.MaxEntries)
            throw ExtractionException.Limit(
                $"The archive holds {declared:N0} entries, more than the limit of {options.MaxEntries:N0}.");
        try
        {
            file.Content.Position = 0;
            using var zip = new ZipArchive(file.Content, ZipArchiveMode.Read, leaveOpen: true);
            Check(zip, options);
        }
        catch (Exception broken) when (broken is InvalidDataException or EndOfStreamException or ArgumentException)
        {
            throw Broken(file, broken);
        }
    }

    public static ExtractionException Broken(SourceFile file, Exception cause) => ExtractionException.Corrupt(
        file.Extension is "" or ".zip"
            ? "The archive is damaged or cut off; send it again."
            : $"The {file.Extension} file is damaged or cut off; send it again.", cause);

    private static void Check(ZipArchive zip, ExtractionOptions options)
    {
        if (zip.Entries.Count > options.MaxEntries)
            throw ExtractionException.Limit(
                $"The archive holds {zip.Entries.Count:N0} entries, more than the limit of {options.MaxEntries:N0}.");
        long total = 0;
        foreach (var entry in zip.Entries)
        {
            if (entry.FullName.StartsWith('/') || entry.FullName.Replace('\\', '/').Split('/').Contains(".."))
                throw ExtractionException.Limit(
                    "The archive holds an entry whose name leads out of it; it is refused.");
            if (entry.IsEncrypted)
                throw ExtractionException.Encrypted(
                    "The archive needs a password; remove the protection and send it again.");
            total += entry.Length;
            if (total > options.MaxUnpackedBytes)
                throw ExtractionException.Limit(
                    $"The file unpacks to more than {options.MaxUnpackedBytes >> 20:N0} MiB; split it into "
                    + $"smaller files.");
            if (entry.Length > RatioFloorBytes && entry.Length / Math.Max(1, entry.CompressedLength) > options.MaxUnpackRatio)
                throw ExtractionException.Limit(
                    $"A part of the file unpacks to more than {options.MaxUnpackRatio} times its size; it "
                    + $"is refused as a bomb.");
        }
    }

    private static long DeclaredEntries(Stream content)
    {
        var tail = new byte[Math.Min(content.Length, EndRecordBytes + LongestComment)];
        content.Position = content.Length - tail.Length;
        content.ReadExactly(tail);
        var end = tail.AsSpan().LastIndexOf("PK\x5\x6"u8);
        if (end < 0 || end + EndRecordBytes > tail.Length)
            return 0;
        var entries = BitConverter.ToUInt16(tail, end + 10);
        var directoryBytes = BitConverter.ToUInt32(tail, end + 12);
        // A directory entry takes at least 46 bytes, so the directory's size bounds a count of "see the zip64 record".
        return entries == ushort.MaxValue ? directoryBytes / 46 : entries;
    }
}
