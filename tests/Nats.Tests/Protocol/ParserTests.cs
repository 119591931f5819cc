using System.Buffers;
using System.Text;
using NATS.Client.Core;
using NATS.Client.Core.Protocol;

namespace Rag.Nats.Tests.Protocol;

public class ParserTests
{
    private const string Everything =
        "INFO {\"server_id\":\"X\",\"max_payload\":77,\"connect_urls\":[\"a:1\",\"b:2\"],\"unknown\":{\"a\":[1]}} \r\n"
        + "PING\r\nPONG\r\n+OK\r\n-ERR 'Slow Consumer'\r\n"
        + "MSG a.b 1 5\r\nhello\r\n"
        + "MSG a.b 2 back.to 0\r\n\r\n"
        + "msg\ta  3   4\r\nP\r\nG\r\n"
        + "HMSG h 9 12 17\r\nNATS/1.0\r\n\r\nhello\r\n"
        + "HMSG h 10 reply 16 16\r\nNATS/1.0 503\r\n\r\n\r\n"
        + "MSG größe 4 1\r\n\n\r\n";

    private static readonly string[] Expected =
    [
        "INFO X 77 a:1;b:2", "PING", "PONG", "ERR Slow Consumer",
        "MSG a.b 1 [] |68656C6C6F", "MSG a.b 2 [back.to] |", "MSG a 3 [] |500D0A47",
        $"MSG h 9 [] {Hex("NATS/1.0\r\n\r\n")}|68656C6C6F", $"MSG h 10 [reply] {Hex("NATS/1.0 503\r\n\r\n")}|",
        "MSG größe 4 [] |0A",
    ];

    [Fact]
    public void Every_operation_is_found_in_one_buffer() => ParseAll(Encoding.UTF8.GetBytes(Everything), []).ShouldBe(Expected);

    [Fact]
    public void Wherever_the_bytes_are_cut_the_same_is_found()
    {
        var bytes = Encoding.UTF8.GetBytes(Everything);
        for (var cut = 1; cut < bytes.Length; cut++)
            ParseAll(bytes, [cut]).ShouldBe(Expected);
        ParseAll(bytes, Enumerable.Range(1, bytes.Length - 1)).ShouldBe(Expected);
    }

    [Fact]
    public void However_the_bytes_trickle_in_the_same_is_found()
    {
        var bytes = Encoding.UTF8.GetBytes(Everything);
        var random = new Random(7);
        for (var round = 0; round < 200; round++)
            Trickle(bytes, random).ShouldBe(Expected);
    }

    [Fact]
    public void The_handler_can_stop_it_after_a_message()
    {
        var handler = new RecordingHandler { StopsAfterEach = true };
        var buffer = new ReadOnlySequence<byte>(Encoding.UTF8.GetBytes(Everything));
        var stops = 0;
        while (!ProtocolParser.Parse(ref buffer, handler))
            stops++;
        stops.ShouldBe(6);
        handler.Found.ShouldBe(Expected);
        buffer.IsEmpty.ShouldBeTrue();
    }

    [Theory]
    [InlineData("HTTP/1.1 400 Bad Request\r\n")]
    [InlineData("MSG\r\n")]
    [InlineData("MSG a\r\n")]
    [InlineData("MSG a 1\r\n")]
    [InlineData("MSG a b 3\r\nxxx\r\n")]
    [InlineData("MSG a 1 -1\r\n")]
    [InlineData("MSG a 1 r r 1\r\nx\r\n")]
    [InlineData("MSG a 1 99999999999999999999999\r\n")]
    [InlineData("MSG a 99999999999999999999 1\r\n")]
    [InlineData("MSG a 1 67108865\r\n")]
    [InlineData("MSG a 1 3\r\nxxxx\r\n")]
    [InlineData("MSG a 1 3\r\nxxx\n\n")]
    [InlineData("HMSG a 1 3\r\nxxx\r\n")]
    [InlineData("HMSG a 1 5 3\r\nxxx\r\n")]
    [InlineData("INFO nothing\r\n")]
    [InlineData("INFO {\"max_payload\":\"x\"}\r\n")]
    [InlineData("INFO null\r\n")]
    [InlineData("PINGPONG\r\n")]
    [InlineData("\r\n")]
    [InlineData("\0\0\0\0\0\0\n")]
    public void What_is_not_nats_is_a_protocol_error(string text)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        Should.Throw<NatsProtocolViolationException>(() => ParseAll(bytes, []));
        Should.Throw<NatsProtocolViolationException>(() => ParseAll(bytes, Enumerable.Range(1, bytes.Length - 1)));
    }

    [Fact]
    public void A_line_without_an_end_is_an_error_before_it_fills_the_memory()
    {
        var endless = new byte[ProtocolParser.MaxControlLine + 1];
        endless.AsSpan().Fill((byte)'P');
        Should.Throw<NatsProtocolViolationException>(() => ParseAll(endless, [])).Message.ShouldContain("more than");
        Should.Throw<NatsProtocolViolationException>(() => ParseAll(endless, [10_000, 20_000]));
        // INFO may be longer, but not endless either.
        var info = new byte[ProtocolParser.MaxInfoLine + 1];
        info.AsSpan().Fill((byte)'I');
        Should.Throw<NatsProtocolViolationException>(() => ParseAll(info, []));
        ParseAll(info[..(ProtocolParser.MaxControlLine + 1)], []).ShouldBeEmpty();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    public void Random_mutations_give_messages_or_a_protocol_error_and_nothing_else(int seed)
    {
        var random = new Random(seed);
        var original = Encoding.UTF8.GetBytes(Everything);
        var errors = 0;
        for (var round = 0; round < 5000; round++)
        {
            var bytes = Mutate(original, random);
            try
            {
                var found = Trickle(bytes, random);
                // A parser that went round in circles would find more than there is.
                found.Count.ShouldBeLessThan(bytes.Length);
            }
            catch (NatsProtocolViolationException)
            {
                errors++;
            }
        }

        errors.ShouldBeInRange(500, 4999);
    }

    [Fact]
    public void Random_bytes_are_never_taken_for_messages_without_end()
    {
        var random = new Random(99);
        for (var round = 0; round < 2000; round++)
        {
            var bytes = new byte[random.Next(1, 300)];
            random.NextBytes(bytes);
            try
            {
                Trickle(bytes, random).Count.ShouldBeLessThan(bytes.Length);
            }
            catch (NatsProtocolViolationException)
            {
                // A clear error is right.
            }
        }
    }

    [Theory]
    [InlineData(11)]
    [InlineData(12)]
    public void Random_messages_come_out_as_they_went_in(int seed)
    {
        var random = new Random(seed);
        var wire = new MemoryStream();
        var expected = new List<string>();
        for (var i = 0; i < 300; i++)
        {
            var payload = new byte[random.Next(4) == 0 ? random.Next(5000) : random.Next(20)];
            random.NextBytes(payload);
            var headers = random.Next(2) == 0 ? "" : $"NATS/1.0\r\nk{i}: v\r\n\r\n";
            var reply = random.Next(2) == 0 ? "" : $"r.{i}";
            var sizes = headers.Length == 0 ? $"{payload.Length}" : $"{headers.Length} {headers.Length + payload.Length}";
            wire.Write(Encoding.UTF8.GetBytes($"{(headers.Length == 0 ? "MSG" : "HMSG")} s.{i} {i} {reply} {sizes}\r\n{headers}"));
            wire.Write(payload);
            wire.Write("\r\n"u8);
            expected.Add($"MSG s.{i} {i} [{reply}] {Hex(headers)}|{Convert.ToHexString(payload)}");
        }

        Trickle(wire.ToArray(), random).ShouldBe(expected);
    }

    private static byte[] Mutate(byte[] original, Random random)
    {
        var bytes = original.ToList();
        for (var changes = random.Next(1, 4); changes > 0 && bytes.Count > 2; changes--)
        {
            var at = random.Next(bytes.Count);
            switch (random.Next(4))
            {
                case 0: bytes[at] = (byte)random.Next(256); break;
                case 1: bytes.RemoveAt(at); break;
                case 2: bytes.Insert(at, (byte)" \r\n\t09M"[random.Next(7)]); break;
                default: bytes.RemoveRange(at, Math.Min(random.Next(20), bytes.Count - at)); break;
            }
        }

        return [.. bytes];
    }

    /// <summary>Parses as a pipe would have it: bytes arrive in random portions, what was not used is seen again.</summary>
    private static List<string> Trickle(byte[] bytes, Random random)
    {
        var handler = new RecordingHandler();
        int consumed = 0, arrived = 0;
        while (arrived < bytes.Length)
        {
            arrived = Math.Min(bytes.Length, arrived + random.Next(1, 60));
            var cuts = Enumerable.Range(0, random.Next(4)).Select(_ => random.Next(consumed, arrived + 1)).Order();
            var buffer = Segments.Of(bytes.AsMemory(consumed, arrived - consumed), cuts.Select(cut => cut - consumed));
            var before = buffer.Length;
            ProtocolParser.Parse(ref buffer, handler);
            consumed += (int)(before - buffer.Length);
        }

        return handler.Found;
    }

    private static List<string> ParseAll(byte[] bytes, IEnumerable<int> cuts)
    {
        var handler = new RecordingHandler();
        var buffer = Segments.Of(bytes, cuts);
        ProtocolParser.Parse(ref buffer, handler);
        return handler.Found;
    }

    private static string Hex(string text) => Convert.ToHexString(Encoding.UTF8.GetBytes(text));
}
