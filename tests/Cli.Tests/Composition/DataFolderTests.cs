using System.Text.Json;
using Rag.Cli.Composition;
using Rag.Testing;

namespace Rag.Cli.Tests.Composition;

public sealed class DataFolderTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_running_instance_is_found_until_it_ends()
    {
        var data = new DataFolder(_folder.Path);
        InstanceFile.Find(data).ShouldBeNull();

        using (InstanceFile.Write(data, "http://127.0.0.1:7700"))
            InstanceFile.Find(data)!.Address.ShouldBe("http://127.0.0.1:7700");

        InstanceFile.Find(data).ShouldBeNull();
    }

    [Fact]
    public async Task The_file_of_a_dead_process_counts_as_absent()
    {
        await using var child = ChildProcess.Start("true", []);
        await child.WaitForExitAsync();
        WriteFile(new Instance("http://127.0.0.1:1", child.Id, DateTimeOffset.UtcNow));

        InstanceFile.Find(new DataFolder(_folder.Path)).ShouldBeNull();
    }

    [Fact]
    public void A_process_id_that_is_used_again_by_another_process_is_not_mistaken_for_the_instance()
    {
        WriteFile(new Instance("http://127.0.0.1:1", Environment.ProcessId, DateTimeOffset.UtcNow.AddDays(-2)));
        InstanceFile.Find(new DataFolder(_folder.Path)).ShouldBeNull();
    }

    [Theory]
    [InlineData("")]
    [InlineData("{\"address\":")]
    [InlineData("null")]
    [InlineData("{}")]
    public void A_half_written_file_counts_as_absent(string content)
    {
        File.WriteAllText(_folder.Combine("instance.json"), content);
        InstanceFile.Find(new DataFolder(_folder.Path)).ShouldBeNull();
    }

    [Fact]
    public async Task Two_processes_cannot_open_one_folder()
    {
        var data = new DataFolder(_folder.Combine("new", "folder"));
        using (await data.LockAsync(TimeSpan.Zero, CancellationToken.None))
        {
            var failure = await Should.ThrowAsync<CliException>(
                () => data.LockAsync(TimeSpan.FromMilliseconds(100), CancellationToken.None));
            failure.Message.ShouldContain("in use by another process");
        }

        (await data.LockAsync(TimeSpan.Zero, CancellationToken.None)).Dispose();
    }

    [Fact]
    public async Task A_folder_that_is_let_go_in_time_is_taken()
    {
        var data = new DataFolder(_folder.Path);
        var first = await data.LockAsync(TimeSpan.Zero, CancellationToken.None);
        var second = data.LockAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
        second.IsCompleted.ShouldBeFalse();
        first.Dispose();
        (await second).Dispose();
    }

    private void WriteFile(Instance instance) =>
        File.WriteAllText(_folder.Combine("instance.json"), JsonSerializer.Serialize(instance));
}
