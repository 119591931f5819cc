using Google.Protobuf;
using Rag.Router.Chunks;

namespace Rag.Router.Tests.Chunks;

public sealed class MutationIdTests
{
    private static readonly Guid Workspace = Guid.CreateVersion7();

    [Fact]
    public void The_id_of_a_request_is_the_same_at_every_retry_and_another_for_each_partition_kind_and_workspace()
    {
        var request = Guid.CreateVersion7();
        var ids = new MutationIds(TimeProvider.System);
        var others = new MutationIds(TimeProvider.System);
        var id = ids.Derive(request, MutationKind.Upsert, Workspace, 3);
        others.Derive(request, MutationKind.Upsert, Workspace, 3).ShouldBe(id);
        new[]
        {
            id, ids.Derive(request, MutationKind.Upsert, Workspace, 4), ids.Derive(request, MutationKind.Delete, Workspace, 3),
            ids.Derive(request, MutationKind.Upsert, Guid.CreateVersion7(), 3),
            ids.Derive(Guid.CreateVersion7(), MutationKind.Upsert, Workspace, 3),
        }.Distinct().Count().ShouldBe(5);
    }

    [Fact]
    public void It_is_a_version_7_uuid_that_keeps_the_time_of_the_request_id()
    {
        var at = new DateTimeOffset(2031, 2, 3, 4, 5, 6, 789, TimeSpan.Zero);
        var id = ToGuid(new MutationIds(TimeProvider.System).Derive(
            Guid.CreateVersion7(at), MutationKind.Upsert, Workspace, 0));
        id.Version.ShouldBe(7);
        id.Variant.ShouldBeInRange(8, 11);
        TimeOf(id).ShouldBe(at);
    }

    [Fact]
    public void A_random_request_id_gets_the_time_of_its_first_arrival()
    {
        var ids = new MutationIds(TimeProvider.System);
        var request = Guid.NewGuid();
        var first = ids.Derive(request, MutationKind.Upsert, Workspace, 0);
        ids.Derive(request, MutationKind.Upsert, Workspace, 0).ShouldBe(first);
        TimeOf(ToGuid(first)).ShouldBe(DateTimeOffset.UtcNow, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public void Without_a_request_id_every_mutation_has_an_id_of_its_own()
    {
        var ids = new MutationIds(TimeProvider.System);
        var first = ids.Derive(null, MutationKind.Upsert, Workspace, 0);
        ids.Derive(null, MutationKind.Upsert, Workspace, 0).ShouldNotBe(first);
        ToGuid(first).Version.ShouldBe(7);
    }

    private static Guid ToGuid(ByteString bytes) => new(bytes.Span, bigEndian: true);

    private static DateTimeOffset TimeOf(Guid id)
    {
        var bytes = id.ToByteArray(bigEndian: true);
        var milliseconds = 0L;
        for (var i = 0; i < 6; i++)
            milliseconds = milliseconds << 8 | bytes[i];
        return DateTimeOffset.FromUnixTimeMilliseconds(milliseconds);
    }
}
