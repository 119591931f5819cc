using System.Text;

namespace NATS.Client.Core.Receiving;

/// <summary>Keeps the last subject as a string: mostly the next message has the same one. For one task.</summary>
internal sealed class SubjectText(string first)
{
    private byte[] _bytes = Encoding.UTF8.GetBytes(first);
    private string _text = first;

    public string Of(ReadOnlySpan<byte> subject)
    {
        if (subject.SequenceEqual(_bytes))
            return _text;
        _text = Encoding.UTF8.GetString(subject);
        _bytes = subject.ToArray();
        return _text;
    }
}
