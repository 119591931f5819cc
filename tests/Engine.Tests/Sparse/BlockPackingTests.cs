using Rag.Engine.Sparse;

namespace Rag.Engine.Tests.Sparse;

public sealed class BlockPackingTests
{
    [Fact]
    public void Every_width_and_count_comes_back_and_the_lanes_agree_with_the_scalar_reference()
    {
        var random = new Random(1);
        for (var bits = 0; bits <= 31; bits++)
        {
            foreach (var count in new[] { 1, 2, 3, 7, 63, 100, 127, 128 })
            {
                var numbers = Enumerable.Range(0, count).Select(_ => (uint)random.NextInt64(1L << bits)).ToArray();
                numbers[random.Next(count)] = (uint)((1L << bits) - 1);
                BlockPacking.BitsFor(numbers.Max()).ShouldBe(bits);
                var packed = new byte[BlockPacking.PackedLength(count, bits) + BlockPacking.Padding];
                BlockPacking.Pack(numbers, bits, packed);
                var (unpacked, scalar) = (new uint[count], new uint[count]);
                BlockPacking.Unpack(packed, bits, unpacked);
                BlockPacking.UnpackScalar(packed, bits, scalar);
                unpacked.ShouldBe(numbers);
                scalar.ShouldBe(numbers);
            }
        }
    }

    [Theory]
    [InlineData(128)]
    [InlineData(127)]
    [InlineData(1)]
    public void Gaps_add_up_to_rising_documents(int count)
    {
        var random = new Random(2);
        foreach (var widest in new[] { 1, 3, 200, 1_000_000 })
        {
            var former = random.Next(1000) - 1;
            var documents = new uint[count];
            var gaps = new uint[count];
            for (var (i, last) = (0, former); i < count; i++)
            {
                gaps[i] = (uint)random.Next(widest);
                last += (int)gaps[i] + 1;
                documents[i] = (uint)last;
            }

            var bits = BlockPacking.BitsFor(gaps.Max());
            var packed = new byte[BlockPacking.PackedLength(count, bits) + BlockPacking.Padding];
            BlockPacking.Pack(gaps, bits, packed);
            var unpacked = new uint[count];
            BlockPacking.UnpackDocuments(packed, bits, former, unpacked);
            unpacked.ShouldBe(documents);
        }
    }

    [Fact]
    public void The_pairs_of_a_block_bound_every_posting_and_are_near_some_of_them()
    {
        var random = new Random(3);
        for (var round = 0; round < 500; round++)
        {
            var postings = Enumerable.Range(0, random.Next(1, 129))
                .Select(_ => new Impact((ushort)random.Next(1, 30), (ushort)random.Next(1, 300))).ToArray();
            var impacts = Impacts.Of(postings);
            foreach (var one in postings)
            {
                var bounded = false;
                for (var i = 0; i < Impacts.Count; i++)
                    bounded |= impacts[i].Payload >= one.Payload && impacts[i].Length <= one.Length;
                bounded.ShouldBeTrue();
            }

            postings.ShouldContain(impacts[0]);
        }
    }
}
