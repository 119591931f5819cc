using Rag.Engine.Mutations;

namespace Rag.Engine.Tests.Slices;

public sealed class PayloadTests
{
    [Fact]
    public void The_same_chunks_give_the_same_payloads_in_as_few_records_as_fit()
    {
        var chunks = Enumerable.Range(0, 40).Select(i => Chunk(i, 20_000)).ToArray();
        var (first, second) = (Encode(chunks), Encode(chunks));
        first.Count.ShouldBe(4);
        first.Sum(part => part.Count).ShouldBe(40);
        first.Select(part => Convert.ToHexString(part.Payload))
            .ShouldBe(second.Select(part => Convert.ToHexString(part.Payload)));
        first.ShouldAllBe(part => part.Payload.Length <= StoreLimits.MaxRecordBytes);
    }

    [Fact]
    public void The_order_of_metadata_keys_does_not_matter()
    {
        var forward = Chunk(1, 10) with { Metadata = new Dictionary<string,
            MetadataValue> { ["a"] = MetadataValue.Of(1L), ["b"] = MetadataValue.Of("x") } };
        var backward = forward with { Metadata = new Dictionary<string,
            MetadataValue> { ["b"] = MetadataValue.Of("x"), ["a"] = MetadataValue.Of(1L) } };
        Encode([forward])[0].Payload.ShouldBe(Encode([backward])[0].Payload);
    }

    [Fact]
    public void A_chunk_that_fits_no_record_is_refused()
    {
        using var writer = ChunkBatchWriter.ForUpsert(new PayloadHeader(1));
        var wide = Chunk(1, 10) with
        {
            Vectors = [.. Enumerable.Range(0, 17).Select(i => new SpaceVector($"s{i}", new float[4096]))],
        };
        writer.TryAdd(wide).ShouldBeFalse();
        writer.TryAdd(Chunk(2, 10)).ShouldBeTrue();
        writer.Complete().Single().Count.ShouldBe(1);
    }

    [Fact]
    public void Cut_and_flipped_payloads_are_malformed_or_other_content_but_never_anything_else()
    {
        var chunk = Chunk(3, 50) with
        {
            Precondition = Precondition.IfVersion(new WriteStamp(1, 5)), Attributes = new byte[] { 1, 2 },
            Metadata = new Dictionary<string, MetadataValue>
            {
                ["s"] = MetadataValue.List(["x", "y"]), ["i"] = MetadataValue.Of(-1L), ["f"] = MetadataValue.Of(1.5),
                ["b"] = MetadataValue.Of(true), ["t"] = MetadataValue.Of(DateTimeOffset.UnixEpoch),
            },
        };
        var payload = Encode([chunk])[0].Payload;
        Decode(payload).ShouldBe(1);
        for (var length = 9; length < payload.Length; length++)
        {
            var cut = payload[..length];
            if (length == 9)
                Decode(cut).ShouldBe(0);
            else
                Should.Throw<InvalidDataException>(() => Decode(cut));
        }

        var random = new Random(5);
        for (var round = 0; round < 20_000; round++)
        {
            var flipped = payload.ToArray();
            for (var flips = random.Next(1, 4); flips > 0; flips--)
                flipped[random.Next(flipped.Length)] ^= (byte)(1 << random.Next(8));
            try
            {
                Decode(flipped);
            }
            catch (InvalidDataException)
            {
                // Found out.
            }
        }
    }

    [Fact]
    public void Settings_and_outcomes_survive_their_binary_form()
    {
        var settings = new WorkspaceSettings
        {
            Uid = Guid.NewGuid(), Version = 7, State = WorkspaceState.Creating, Extension = new byte[] { 9, 8 },
            Spaces = [new VectorSpaceSettings { Dimension = 384 },
                new VectorSpaceSettings { Name = "ü", Dimension = 2, ExactThreshold = 5, M = 8 }],
        };
        var again = SettingsCodec.Read(SettingsCodec.ToBytes(settings));
        again.Spaces.ShouldBe(settings.Spaces);
        again.Extension.ToArray().ShouldBe([9, 8]);
        (again with { Spaces = [], Extension = default }).ShouldBe(settings with { Spaces = [], Extension = default });
        SettingsCodec.ToBytes(settings)[0].ShouldBe((byte)1, "settings of before are written as they were");
        settings = settings with { Text = new TextSettings { Language = Engine.Sparse.AnalysisLanguage.None, AttributeBoost = 3 } };
        SettingsCodec.Read(SettingsCodec.ToBytes(settings)).Text.ShouldBe(settings.Text);
        SettingsCodec.ToBytes(settings)[0].ShouldBe((byte)2, "so are those without a boost of titles");
        settings = settings with { Text = settings.Text with { TitleBoost = 4 } };
        SettingsCodec.Read(SettingsCodec.ToBytes(settings)).Text.ShouldBe(settings.Text);

        var outcome = new MutationOutcome
        {
            Kind = OutcomeKind.Applied, Stamp = 5, Statuses = [1, 3], Versions = [5, 2], Uniform = 1, Version = 4,
                Count = 6, Replaced = 7,
        };
        using var writer = new PayloadWriter();
        outcome.Write(writer);
        var reader = new PayloadReader(writer.WrittenSpan);
        MutationOutcome.Read(ref reader).ShouldBeEquivalentTo(outcome);
    }

    [Fact]
    public void Parts_of_a_call_have_ids_of_their_own_that_tell_the_same_time()
    {
        var id = Guid.CreateVersion7();
        var parts = Enumerable.Range(0, 1000).Select(part => MutationTime.OfPart(id, part)).ToList();
        parts[0].ShouldBe(id);
        parts.Distinct().Count().ShouldBe(1000);
        parts.ShouldAllBe(part => MutationTime.Of(part) == MutationTime.Of(id));
        MutationTime.Of(Guid.NewGuid()).ShouldBeNull();
    }

    private static ChunkWrite Chunk(int number, int textBytes) => new()
    {
        Key = new ChunkKey("d", $"c{number}"), Text = new string('t', textBytes), Vectors =
            [new SpaceVector("", new float[] { 1, 2, number })],
    };

    private static IReadOnlyList<ChunkPart> Encode(IEnumerable<ChunkWrite> chunks)
    {
        using var writer = ChunkBatchWriter.ForUpsert(new PayloadHeader(123));
        foreach (var chunk in chunks)
            writer.TryAdd(chunk).ShouldBeTrue();
        return writer.Complete();
    }

    private static int Decode(byte[] payload)
    {
        var reader = new PayloadReader(payload);
        PayloadHeader.Read(ref reader);
        var count = 0;
        while (reader.Remaining > 0)
        {
            var chunk = EncodedChunk.Read(ref reader, payload);
            var parts = ContentCodec.Split(chunk.Content);
            ContentCodec.ReadText(parts.Text);
            ContentCodec.ReadAttributes(parts.Attributes);
            ContentCodec.ReadMetadata(parts.Metadata);
            count++;
        }

        return count;
    }
}
