using System.Text;
using Rag.Engine.Filters;
using Rag.Engine.Mutations;

namespace Rag.Engine.Slices;

/// <summary>
/// Metadata columns in a snapshot, one part for each: key, kind, count of rows with values, then by row the distance
/// from the former one, the count of values × 2 + 1 if it is a list, and the values. Strings are numbers of a
/// dictionary that precedes the rows and holds only those in use.
/// </summary>
internal static class MetadataSection
{
    public static void Write(Stream stream, SnapshotCut cut)
    {
        var metadata = cut.Slice.Metadata;
        foreach (var (key, column) in metadata.KeywordColumns)
            WriteKeywords(stream, cut, key, column);
        foreach (var (key, column) in metadata.BooleanColumns)
            WriteBooleans(stream, cut, key, column);
        foreach (var kind in MetadataColumns.NumberKinds)
        {
            foreach (var (key, column) in metadata.NumberColumns(kind))
                WriteNumbers(stream, cut, key, kind, column);
        }

        SectionStream.WriteInt32(stream, 0);
    }

    public static void Read(Stream stream, Slice slice, int rowLimit)
    {
        while (true)
        {
            var part = SectionStream.ReadPart(stream);
            if (part.Length == 0)
                return;
            var reader = new PayloadReader(part);
            var key = reader.Text();
            switch ((MetadataKind)reader.Byte())
            {
                case MetadataKind.String:
                    ReadKeywords(ref reader, slice.Metadata.GetKeywords(key), rowLimit);
                    break;
                case MetadataKind.Boolean:
                    ReadBooleans(ref reader, slice.Metadata.GetBooleans(key), rowLimit);
                    break;
                case var kind when MetadataColumns.NumberKinds.Contains(kind):
                    ReadNumbers(ref reader, slice.Metadata.GetNumbers(key, kind), rowLimit);
                    break;
                default:
                    throw SectionStream.Malformed();
            }

            reader.ExpectEnd();
        }
    }

    private static void WriteKeywords(Stream stream, SnapshotCut cut, string key, KeywordColumn column)
    {
        using var rows = new PayloadWriter(4096);
        using var words = new PayloadWriter(4096);
        var numbers = new int[column.Dictionary.Count + 1];
        var (used, count, last) = (0, 0, 0);
        for (var row = 0; row < cut.RowLimit; row++)
        {
            if (!cut.IsPresent(row) || column[row] is not { IsEmpty: false } values)
                continue;
            BeginRow(rows, row, ref last, ref count, values.Length, column.IsList(row));
            foreach (var value in values)
            {
                if (numbers[value] == 0)
                {
                    numbers[value] = ++used;
                    words.Bytes(column.Dictionary[value]);
                }

                rows.VarInt(numbers[value]);
            }
        }

        if (count == 0)
            return;
        using var part = new PayloadWriter(rows.Length + words.Length + 256);
        part.Text(key);
        part.Byte((byte)MetadataKind.String);
        part.VarInt(used);
        part.Raw(words.WrittenSpan);
        part.VarInt(count);
        part.Raw(rows.WrittenSpan);
        SectionStream.WritePart(stream, part);
    }

    private static void ReadKeywords(ref PayloadReader reader, KeywordColumn column, int rowLimit)
    {
        var numbers = new int[reader.Count() + 1];
        for (var i = 1; i < numbers.Length; i++)
            numbers[i] = column.Dictionary.GetOrAdd(reader.Bytes());
        var last = 0;
        for (var left = reader.Count(); left > 0; left--)
        {
            var (row, count, isList) = ReadRow(ref reader, ref last, rowLimit);
            var values = new int[count];
            for (var i = 0; i < count; i++)
                values[i] = reader.Int32(numbers.Length - 1) is var number and > 0 ? numbers[number]
                    : throw SectionStream.Malformed();
            if (isList)
                column.SetList(row, values);
            else
                column.SetNumber(row, values[0]);
        }
    }

    private static void WriteBooleans(Stream stream, SnapshotCut cut, string key, BooleanColumn column)
    {
        using var rows = new PayloadWriter(4096);
        var (count, last) = (0, 0);
        for (var row = 0; row < cut.RowLimit; row++)
        {
            if (!cut.IsPresent(row))
                continue;
            var bits = (column.Has(row, true) ? 1 : 0) | (column.Has(row, false) ? 2 : 0);
            if (bits == 0)
                continue;
            BeginRow(rows, row, ref last, ref count, 1, false);
            rows.Byte((byte)bits);
        }

        WriteColumn(stream, key, MetadataKind.Boolean, rows, count);
    }

    private static void ReadBooleans(ref PayloadReader reader, BooleanColumn column, int rowLimit)
    {
        var last = 0;
        for (var left = reader.Count(); left > 0; left--)
        {
            var row = ReadRow(ref reader, ref last, rowLimit).Row;
            var bits = reader.Byte();
            if ((bits & 1) != 0)
                column.Set(row, true);
            if ((bits & 2) != 0)
                column.Set(row, false);
        }
    }

    private static void WriteNumbers(
        Stream stream, SnapshotCut cut, string key, MetadataKind kind, NumberColumn column)
    {
        using var rows = new PayloadWriter(4096);
        var (count, last) = (0, 0);
        for (var row = 0; row < cut.RowLimit; row++)
        {
            if (!cut.IsPresent(row) || column[row] is not { IsEmpty: false } values)
                continue;
            BeginRow(rows, row, ref last, ref count, values.Length, column.IsList(row));
            foreach (var value in values)
                rows.Int64(value);
        }

        WriteColumn(stream, key, kind, rows, count);
    }

    private static void ReadNumbers(ref PayloadReader reader, NumberColumn column, int rowLimit)
    {
        var last = 0;
        for (var left = reader.Count(); left > 0; left--)
        {
            var (row, count, isList) = ReadRow(ref reader, ref last, rowLimit);
            var values = new long[count];
            for (var i = 0; i < count; i++)
                values[i] = reader.Int64();
            if (isList)
                column.SetList(row, values);
            else
                column.Set(row, values[0]);
        }
    }

    private static void WriteColumn(Stream stream, string key, MetadataKind kind, PayloadWriter rows, int count)
    {
        if (count == 0)
            return;
        using var part = new PayloadWriter(rows.Length + Encoding.UTF8.GetByteCount(key) + 16);
        part.Text(key);
        part.Byte((byte)kind);
        part.VarInt(count);
        part.Raw(rows.WrittenSpan);
        SectionStream.WritePart(stream, part);
    }

    private static void BeginRow(PayloadWriter rows, int row, ref int last, ref int count, int values, bool isList)
    {
        rows.VarInt(row - last);
        rows.VarInt((values << 1) | (isList ? 1 : 0));
        last = row;
        count++;
    }

    private static (int Row, int Count, bool IsList) ReadRow(ref PayloadReader reader, ref int last, int rowLimit)
    {
        last += reader.Int32(rowLimit);
        var tag = reader.Int32(int.MaxValue);
        var count = tag >> 1;
        if (last >= rowLimit || count < 1 || count > reader.Remaining)
            throw SectionStream.Malformed();
        return (last, count, (tag & 1) != 0);
    }
}
