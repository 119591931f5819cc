namespace Rag.Engine.Storage;

/// <summary>A scanned record with a payload of its own, kept until its commit is known.</summary>
internal readonly record struct LooseRecord(long Address, long End, MutationRecordHeader Header, byte[] Payload)
{
    public static LooseRecord Of(in ScannedRecord record) =>
        new(record.Address, record.End, record.Header, record.Payload.ToArray());

    public ScannedRecord AsScanned() => new(Address, End, Header, Payload);
}
