using Google.Protobuf;
using Grpc.Core;
using Rag.Internal.V1;
using Rag.Router.Tests.Fakes;
using Rag.V1;

namespace Rag.Router.Tests.Documents;

public sealed class DocumentWriterTests
{
    [Fact]
    public async Task A_generation_becomes_visible_as_a_whole_and_replaces_the_former_one()
    {
        await using var fixture = await RouterFixture.StartAsync(shards: 3);
        var workspace = await fixture.CreateAsync(spread: 8);
        await fixture.UpsertAsync("docs", ("report", "old", "text"), ("other", "other", "text"));
        var generation = Id();
        for (var batch = 0; batch < 3; batch++)
        {
            var write = new WriteChunksRequest
            {
                Workspace = "docs", WorkspaceUid = workspace.Uid, DocumentId = "report", Generation = generation, MutationId = Id(),
            };
            write.Chunks.Add(Enumerable.Range(0, 10).Select(i => new Chunk
            {
                DocumentId = "report", ChunkId = $"n{batch}-{i}", Text = "text",
            }));
            await fixture.Documents.WriteChunksAsync(write);
        }

        (await CountAsync(fixture, "report")).ShouldBe(1);
        var commit = new CommitGenerationRequest
        {
            Workspace = "docs", WorkspaceUid = workspace.Uid, DocumentId = "report", Generation = generation,
            ExpectedChunks = 30, MutationId = Id(),
        };
        var committed = await fixture.Documents.CommitGenerationAsync(commit);
        committed.Version.ShouldBeGreaterThan(0);
        committed.ConsistencyToken.ShouldNotBeEmpty();
        (await CountAsync(fixture, "report")).ShouldBe(30);
        (await CountAsync(fixture, "other")).ShouldBe(1);
    }

    [Fact]
    public async Task An_aborted_generation_cannot_be_committed()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var workspace = await fixture.CreateAsync();
        var generation = Id();
        await fixture.Documents.WriteChunksAsync(new WriteChunksRequest
        {
            Workspace = "docs", WorkspaceUid = workspace.Uid, DocumentId = "d", Generation = generation, MutationId = Id(),
            Chunks = { new Chunk { DocumentId = "d", ChunkId = "c", Text = "text" } },
        });
        await fixture.Documents.AbortGenerationAsync(new AbortGenerationRequest
        {
            Workspace = "docs", WorkspaceUid = workspace.Uid, DocumentId = "d", Generation = generation, MutationId = Id(),
        });
        (await RouterFixture.FailureAsync(fixture.Documents.CommitGenerationAsync(new CommitGenerationRequest
        {
            Workspace = "docs", WorkspaceUid = workspace.Uid, DocumentId = "d", Generation = generation,
            ExpectedChunks = 1, MutationId = Id(),
        }))).StatusCode.ShouldBe(StatusCode.FailedPrecondition);
    }

    [Fact]
    public async Task Settings_are_those_of_the_workspace_meant_and_not_of_a_later_one_of_its_name()
    {
        await using var fixture = await RouterFixture.StartAsync();
        var former = await fixture.CreateAsync();
        var settings = await fixture.Documents.GetSettingsAsync(
            new GetSettingsRequest { Workspace = "docs", WorkspaceUid = former.Uid });
        settings.MaxTokens.ShouldBe(254);
        settings.Settings.Uid.ShouldBe(former.Uid);
        await fixture.Workspaces.DeleteWorkspaceAsync(new DeleteWorkspaceRequest { Workspace = "docs" });
        await fixture.CreateAsync();
        (await RouterFixture.FailureAsync(fixture.Documents.GetSettingsAsync(
            new GetSettingsRequest { Workspace = "docs", WorkspaceUid = former.Uid }))).StatusCode.ShouldBe(StatusCode.NotFound);
        (await RouterFixture.FailureAsync(fixture.Documents.WriteChunksAsync(new WriteChunksRequest
        {
            Workspace = "docs", WorkspaceUid = former.Uid, DocumentId = "d", Generation = Id(), MutationId = Id(),
            Chunks = { new Chunk { DocumentId = "d", ChunkId = "c", Text = "text" } },
        }))).StatusCode.ShouldBe(StatusCode.NotFound);
    }

    private static async Task<long> CountAsync(RouterFixture fixture, string document) =>
        (await fixture.Chunks.CountChunksAsync(new CountChunksRequest { Workspace = "docs", DocumentId = document })).Count;

    private static ByteString Id() => ByteString.CopyFrom(Guid.CreateVersion7().ToByteArray(bigEndian: true));
}
