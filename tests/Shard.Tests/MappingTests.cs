using Google.Protobuf.WellKnownTypes;
using Rag.Engine;
using Rag.Engine.Filters;
using Rag.Shard.Mapping;
using Rag.V1;
using Value = Rag.V1.Value;

namespace Rag.Shard.Tests;

public sealed class MappingTests
{
    [Theory]
    [InlineData(0u, 0ul, 0L)]
    [InlineData(1u, 1ul, (1L << 48) + 1)]
    [InlineData(3u, (1ul << 48) - 1, (4L << 48) - 1)]
    public void A_version_is_epoch_and_sequence_in_one_number(uint epoch, ulong sequence, long version)
    {
        VersionNumber.From(new WriteStamp(epoch, sequence)).ShouldBe(version);
        VersionNumber.ToStamp(version).ShouldBe(new WriteStamp(epoch, sequence));
    }

    [Fact]
    public void Metadata_of_every_kind_comes_back_as_it_was()
    {
        var moment = new DateTimeOffset(2026, 11, 22, 1, 2, 3, TimeSpan.Zero).AddMicroseconds(456).ToTimestamp();
        var chunk = new Chunk { ChunkId = "c" };
        chunk.Metadata.Add("s", new Value { StringValue = "väl" });
        chunk.Metadata.Add("i", new Value { IntegerValue = long.MinValue });
        chunk.Metadata.Add("f", new Value { FloatValue = 1.5 });
        chunk.Metadata.Add("b", new Value { BoolValue = true });
        chunk.Metadata.Add("t", new Value { TimestampValue = moment });
        chunk.Metadata.Add("sl", new Value { StringList = new StringList { Values = { "a", "b" } } });
        chunk.Metadata.Add("il", new Value { IntegerList = new IntegerList { Values = { 1, 2 } } });
        chunk.Metadata.Add("fl", new Value { FloatList = new FloatList { Values = { .5, -2 } } });
        chunk.Metadata.Add("bl", new Value { BoolList = new BoolList { Values = { false } } });
        chunk.Metadata.Add("tl", new Value { TimestampList = new TimestampList { Values = { moment } } });

        var back = new Chunk { ChunkId = "c" };
        ValueMapping.AddTo(back.Metadata, ValueMapping.ToMetadata(chunk.Metadata));
        back.ShouldBe(chunk);
    }

    [Fact]
    public void Finer_digits_than_microseconds_are_dropped()
    {
        var moment = new Value { TimestampValue = new Timestamp { Seconds = 5, Nanos = 1_999 } };
        ValueMapping.ToEngine(moment, "t").AsTimestamp().ShouldBe(DateTimeOffset.FromUnixTimeSeconds(5).AddMicroseconds(1));
    }

    [Fact]
    public void A_value_without_a_kind_and_a_moment_that_does_not_exist_are_refused_by_their_key()
    {
        Should.Throw<InvalidInputException>(() => ValueMapping.ToEngine(new Value(), "colour")).Message
            .ShouldContain("colour");
        var never = new Value { TimestampValue = new Timestamp { Seconds = long.MaxValue } };
        Should.Throw<InvalidInputException>(() => ValueMapping.ToEngine(never, "born")).Message.ShouldContain("born");
    }

    [Fact]
    public void Packed_vectors_are_little_endian_floats()
    {
        float[] values = [1.5f, -0f, float.Epsilon, float.MaxValue];
        var packed = VectorMapping.Pack(values);
        packed.Length.ShouldBe(16);
        packed[3].ShouldBe((byte)0x3F);
        VectorMapping.Unpack(packed, "").ShouldBe(values);
        Should.Throw<InvalidInputException>(
            () => VectorMapping.Unpack(Google.Protobuf.ByteString.CopyFrom(1, 2, 3), "named")).Message.ShouldContain("named");
    }

    [Fact]
    public void A_filter_keeps_its_shape()
    {
        var filter = new Filter
        {
            All = new FilterList
            {
                Filters =
                {
                    new Filter { Equal = new EqualFilter { Key = "a", Value = new Value { IntegerValue = 1 } } },
                    new Filter { Not = new Filter { Exists = new ExistsFilter { Key = "b" } } },
                    new Filter
                    {
                        Range = new RangeFilter { Key = "c", GreaterThan = new Value { FloatValue = 2 } },
                    },
                },
            },
        };
        var and = FilterMapping.ToEngine(filter).ShouldBeOfType<FilterExpression.And>();
        and.Operands[0].ShouldBe(new FilterExpression.Equal("a", MetadataValue.Of(1L)));
        and.Operands[1].ShouldBe(new FilterExpression.Not(new FilterExpression.Exists("b")));
        and.Operands[2].ShouldBe(new FilterExpression.Range("c", MetadataValue.Of(2.0), false, null, false));
    }

    [Fact]
    public void Values_of_two_types_and_doubled_bounds_are_refused()
    {
        var two = new Filter
        {
            In = new InFilter
            {
                Key = "k", Values = { new Value { IntegerValue = 1 }, new Value { StringValue = "1" } },
            },
        };
        Should.Throw<InvalidInputException>(() => FilterMapping.ToEngine(two)).Message.ShouldContain("one type");
        var one = new Value { IntegerValue = 1 };
        var bounds = new Filter { Range = new RangeFilter { Key = "k", AtLeast = one, GreaterThan = one } };
        Should.Throw<InvalidInputException>(() => FilterMapping.ToEngine(bounds)).Message.ShouldContain("lower");
    }

    [Fact]
    public void An_update_mask_names_fields_or_is_refused()
    {
        ChunkMapping.ToFields(new V1.ChunkWrite()).ShouldBe(ChunkFields.All);
        ChunkMapping.ToFields(Masked("metadata", "passage")).ShouldBe(ChunkFields.Metadata | ChunkFields.Attributes);
        Should.Throw<InvalidInputException>(() => ChunkMapping.ToFields(Masked("colour"))).Message.ShouldContain("colour");
        Should.Throw<InvalidInputException>(() => ChunkMapping.ToFields(Masked()));
    }

    private static V1.ChunkWrite Masked(params string[] paths) => new()
    {
        UpdateMask = new FieldMask { Paths = { paths } },
    };
}
