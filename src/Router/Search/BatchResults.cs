using System.Collections.Concurrent;
using Google.Protobuf;
using Rag.Hosting.Wire;
using Rag.Router.Wire;
using Rag.V1;

namespace Rag.Router.Search;

/// <summary>
/// The results of a batch: bytes in the buffer of whoever answered, or messages. Filled by several threads, each its own
/// items; read when all are done.
/// </summary>
internal sealed class BatchResults(int count)
{
    private readonly (WireBuffer? Bytes, int Start, int Length)[] _parts = new (WireBuffer?, int, int)[count];
    private readonly ConcurrentQueue<SearchAnswer> _buffers = new();
    private readonly ConcurrentQueue<int> _missing = new();

    /// <summary>Results that are messages, by number.</summary>
    public SearchResult?[] Messages { get; } = new SearchResult?[count];

    /// <summary>The searches that are not answered yet.</summary>
    public IReadOnlyCollection<int> Missing => _missing;

    /// <summary>A buffer for one thread.</summary>
    public WireBuffer Rent()
    {
        var answer = SearchAnswer.Rent();
        _buffers.Enqueue(answer);
        return answer.Bytes;
    }

    /// <summary>A result is what stands in a buffer from <paramref name="start"/> on.</summary>
    public void Set(int number, WireBuffer bytes, int start) => _parts[number] = (bytes, start, bytes.Length - start);

    public void Miss(int number) => _missing.Enqueue(number);

    /// <summary>All of them in their order, each under <paramref name="tag"/>.</summary>
    public SearchAnswer ToAnswer(byte tag)
    {
        var answer = SearchAnswer.Rent();
        for (var i = 0; i < _parts.Length; i++)
        {
            if (_parts[i] is { Bytes: { } bytes } part)
            {
                answer.Bytes.Bytes(tag, bytes.Written.Slice(part.Start, part.Length));
                continue;
            }

            var message = Messages[i]!;
            var start = answer.Bytes.Begin(tag);
            var size = message.CalculateSize();
            message.WriteTo(answer.Bytes.GetSpan(size)[..size]);
            answer.Bytes.Advance(size);
            answer.Bytes.End(start);
        }

        return answer;
    }

    /// <summary>Gives the buffers back.</summary>
    public void Return()
    {
        while (_buffers.TryDequeue(out var buffer))
            buffer.Return();
    }
}
