namespace Rag.Engine.Mutations;

/// <summary>
/// What every payload begins with: the format version, and when the mutation was accepted. That moment is part of the
/// record, so that everything that depends on age comes out the same in every replay and on every replica.
/// </summary>
internal readonly record struct PayloadHeader(long AcceptedUnixMs)
{
    private const byte FormatVersion = 1;

    public void Write(PayloadWriter to)
    {
        to.Byte(FormatVersion);
        to.Int64(AcceptedUnixMs);
    }

    public static PayloadHeader Read(ref PayloadReader from)
    {
        var format = from.Byte();
        if (format != FormatVersion)
            throw PayloadReader.Malformed($"it has format {format}; {FormatVersion} is known here");
        return new PayloadHeader(from.Int64());
    }
}
