using System.Buffers;
using Google.Protobuf;
using Google.Protobuf.WellKnownTypes;
using Grpc.Core;
using Rag.Hosting.Wire;
using Rag.Router.Search;
using Rag.V1;

namespace Rag.Router.Wire;

/// <summary>
/// Reads searches from their bytes: plain ones by hand, into memory that is used again, any other by the generated parser,
/// which also says what is wrong with bytes that are no message. What is read by hand means the same as what the generated
/// parser would have made of it; a field that is not known here, stands twice, or has an unusual form is left to that one.
/// </summary>
internal static class SearchCallReader
{
    // SearchStreamRequest
    private const byte CorrelationId = 1 << 3 | 0;
    private const byte Search = 2 << 3 | 2;
    private const byte Timeout = 3 << 3 | 2;

    // SearchRequest
    private const byte Workspace = 1 << 3 | 2;
    private const byte VectorField = 4 << 3 | 2;
    private const byte K = 5 << 3 | 0;
    private const byte Mode = 6 << 3 | 0;
    private const byte Fields = 8 << 3 | 2;
    private const byte RecallTarget = 9 << 3 | 5;
    private const byte Ef = 10 << 3 | 0;
    private const byte Exact = 11 << 3 | 0;

    // Vector
    private const byte Packed = 2 << 3 | 2;

    // SearchBatchRequest
    private const byte Searches = 1 << 3 | 2;

    // ReturnFields
    private const byte Text = 1 << 3 | 0;
    private const byte Metadata = 2 << 3 | 0;
    private const byte Passage = 4 << 3 | 0;

    private const int MostFields = 64;

    /// <summary>Reads a rag.v1.SearchRequest.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none.</exception>
    public static SearchCall Read(ReadOnlySequence<byte> payload)
    {
        var call = SearchCall.Rent();
        using var whole = new WholePayload(payload);
        if (!TryReadPlain(whole.Span, call))
        {
            call.Clear();
            call.Message = Parse(SearchRequest.Parser, whole.Span);
        }

        return call;
    }

    /// <summary>Reads a rag.v1.SearchStreamRequest.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none.</exception>
    public static SearchCall ReadItem(ReadOnlySequence<byte> payload)
    {
        var call = SearchCall.Rent();
        using var whole = new WholePayload(payload);
        if (!TryReadPlainItem(whole.Span, call))
        {
            var item = Parse(SearchStreamRequest.Parser, whole.Span);
            call.Clear();
            call.CorrelationId = item.CorrelationId;
            call.Timeout = item.Timeout;
            call.Message = item.Search;
        }

        return call;
    }

    /// <summary>Reads a rag.v1.SearchBatchRequest.</summary>
    /// <exception cref="RpcException">INVALID_ARGUMENT: it is none.</exception>
    public static SearchBatchCall ReadBatch(ReadOnlySequence<byte> payload)
    {
        var batch = new SearchBatchCall();
        using var whole = new WholePayload(payload);
        var reader = new WireReader(whole.Span);
        // One more than are allowed are enough to be refused.
        while (!reader.IsAtEnd && batch.Items.Count <= SearchItems.MaxBatch)
        {
            if (!reader.TryReadTag(out var tag) || tag != Searches || !reader.TryReadBytes(out var search))
                return SearchBatchCall.Of(Parse(SearchBatchRequest.Parser, whole.Span));
            var call = SearchCall.Rent();
            if (!TryReadPlain(search, call))
            {
                call.Clear();
                call.Message = Parse(SearchRequest.Parser, search);
            }

            batch.Items.Add(call);
        }

        return batch;
    }

    private static bool TryReadPlainItem(ReadOnlySpan<byte> bytes, SearchCall call)
    {
        var reader = new WireReader(bytes);
        var seen = 0UL;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out var tag) || !IsFirst(tag, ref seen))
                return false;
            switch (tag)
            {
                case CorrelationId when reader.TryReadVarint(out var number):
                    call.CorrelationId = number;
                    break;
                case Search when reader.TryReadBytes(out var search) && TryReadPlain(search, call):
                    break;
                // Callers repeat one timeout, and what follows from it is worked out once.
                case Timeout when reader.TryReadBytes(out var timeout) && TryReadTimeout(timeout, out var known):
                    call.Timeout = known;
                    break;
                default:
                    return false;
            }
        }

        return call.IsPlain;
    }

    private static bool TryReadPlain(ReadOnlySpan<byte> bytes, SearchCall call)
    {
        var reader = new WireReader(bytes);
        var seen = 0UL;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out var tag) || !IsFirst(tag, ref seen) || !TryReadField(tag, ref reader, call))
                return false;
        }

        call.IsPlain = call.Dimension > 0 && !call.Workspace.IsEmpty;
        return call.IsPlain;
    }

    private static bool TryReadField(byte tag, ref WireReader reader, SearchCall call)
    {
        ulong number;
        switch (tag)
        {
            case Workspace:
                return reader.TryReadBytes(out var name) && call.TrySetWorkspace(name);
            case VectorField:
                return reader.TryReadBytes(out var vector) && TryReadVector(vector, call);
            case K:
                if (!reader.TryReadVarint(out number) || number > SearchCall.MaxK)
                    return false;
                call.K = (int)number;
                return true;
            case Mode:
                return reader.TryReadVarint(out number) && number <= (ulong)SearchMode.Dense;
            case Fields:
                return reader.TryReadBytes(out var fields) && TryReadFields(fields, call);
            // One kind of effort: of several the last would count.
            case RecallTarget when call.Effort == SearchRequest.EffortOneofCase.None:
                call.Effort = SearchRequest.EffortOneofCase.RecallTarget;
                var isRead = reader.TryReadSingle(out var target);
                call.RecallTarget = target;
                return isRead && target is >= 0.5f and <= 1f;
            case Ef when call.Effort == SearchRequest.EffortOneofCase.None:
                call.Effort = SearchRequest.EffortOneofCase.Ef;
                if (!reader.TryReadVarint(out number) || number is 0 or > Validation.Limits.K)
                    return false;
                call.Ef = (int)number;
                return true;
            case Exact when call.Effort == SearchRequest.EffortOneofCase.None:
                call.Effort = SearchRequest.EffortOneofCase.Exact;
                if (!reader.TryReadVarint(out number))
                    return false;
                call.Exact = number != 0;
                return true;
            default:
                return false;
        }
    }

    private static bool TryReadVector(ReadOnlySpan<byte> bytes, SearchCall call)
    {
        var reader = new WireReader(bytes);
        return reader.TryReadTag(out var tag) && tag == Packed && reader.TryReadBytes(out var packed) && reader.IsAtEnd
            && call.TrySetVector(packed);
    }

    private static bool TryReadFields(ReadOnlySpan<byte> bytes, SearchCall call)
    {
        var reader = new WireReader(bytes);
        var fields = HitFields.None;
        while (!reader.IsAtEnd)
        {
            if (!reader.TryReadTag(out var tag) || !reader.TryReadVarint(out var value))
                return false;
            var field = tag switch
            {
                Text => HitFields.Text,
                Metadata => HitFields.Metadata,
                Passage => HitFields.Passage,
                _ => HitFields.None,
            };
            if (field == HitFields.None)
                return false;
            fields = value != 0 ? fields | field : fields & ~field;
        }

        call.Fields = fields;
        return true;
    }

    [ThreadStatic]
    private static Duration? t_lastTimeout;

    [ThreadStatic]
    private static byte[]? t_lastTimeoutBytes;

    // Durations are never changed once they were read, so that calls may share one.
    private static bool TryReadTimeout(ReadOnlySpan<byte> bytes, out Duration? timeout)
    {
        if (t_lastTimeoutBytes is { } last && bytes.SequenceEqual(last))
        {
            timeout = t_lastTimeout;
            return true;
        }

        try
        {
            timeout = Duration.Parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException)
        {
            timeout = null;
            return false;
        }

        (t_lastTimeout, t_lastTimeoutBytes) = (timeout, bytes.ToArray());
        return true;
    }

    // The wire type counts as part of the field: a known field of another type is not known.
    private static bool IsFirst(byte tag, ref ulong seen)
    {
        var bit = 1UL << (tag >> 3 & (MostFields - 1));
        if ((seen & bit) != 0)
            return false;
        seen |= bit;
        return true;
    }

    private static T Parse<T>(MessageParser<T> parser, ReadOnlySpan<byte> bytes)
        where T : IMessage<T>
    {
        try
        {
            return parser.ParseFrom(bytes);
        }
        catch (InvalidProtocolBufferException broken)
        {
            throw new RpcException(new Status(
                StatusCode.InvalidArgument, $"The request is no {typeof(T).Name}: {broken.Message}"));
        }
    }

    /// <summary>A payload in one piece; copied where it came in several.</summary>
    private readonly ref struct WholePayload
    {
        private readonly byte[]? _copy;

        public WholePayload(in ReadOnlySequence<byte> payload)
        {
            if (payload.IsSingleSegment)
            {
                Span = payload.FirstSpan;
                return;
            }

            _copy = ArrayPool<byte>.Shared.Rent((int)payload.Length);
            payload.CopyTo(_copy);
            Span = _copy.AsSpan(0, (int)payload.Length);
        }

        public ReadOnlySpan<byte> Span { get; }

        public void Dispose()
        {
            if (_copy is not null)
                ArrayPool<byte>.Shared.Return(_copy);
        }
    }
}
