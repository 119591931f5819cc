using Rag.Cli.Composition;
using Rag.Engine;
using Rag.Router;
using Rag.Testing;

namespace Rag.Cli.Tests.Composition;

public sealed class SettingsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("Store")]
    [InlineData("Shard")]
    [InlineData("Models")]
    [InlineData("Router")]
    [InlineData("Ingestor")]
    [InlineData("Metadata")]
    public void Variables_that_name_folders_are_no_sections_of_options(string section)
    {
        string[] variables = [ModelFolders.Variable, DataFolder.Variable, ServerLog.Variable];
        variables.ShouldNotContain(name => name.Equals("RAG_" + section, StringComparison.OrdinalIgnoreCase));
    }

    [Fact]
    public void What_is_not_named_keeps_its_default()
    {
        var defaults = new RouterOptions();
        Read("").Get("Router", defaults).ShouldBeSameAs(defaults);
        var options = Read("""{ "Router": { "MaxConcurrentCalls": 7, "SettingsTtl": "00:00:05" } }""").Get("Router", defaults);
        options.MaxConcurrentCalls.ShouldBe(7);
        options.SettingsTtl.ShouldBe(TimeSpan.FromSeconds(5));
        options.BulkParallelism.ShouldBe(defaults.BulkParallelism);
    }

    [Fact]
    public void A_store_can_be_told_how_much_memory_it_may_take()
    {
        var store = Read("""{ "Store": { "MemoryCapBytes": 67108864 } }""")
            .Get("Store", new StoreOptions { DataFolder = "d" }) with { DataFolder = "d" };
        store.MemoryCapBytes.ShouldBe(64L << 20);
        store.Validate().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("""{ "Router": { "MaxConcurrentCals": 7 } }""", "MaxConcurrentCals")]
    [InlineData("""{ "Router": { "MaxConcurrentCalls": "many" } }""", "many")]
    public void A_misspelt_key_or_value_is_named(string content, string named) =>
        Should.Throw<CliException>(() => Read(content).Get("Router", new RouterOptions())).Message.ShouldContain(named);

    [Fact]
    public void A_file_that_is_not_json_is_named() =>
        Should.Throw<CliException>(() => Read("{ nonsense")).Message.ShouldContain("rag.json");

    private Settings Read(string content)
    {
        if (content.Length > 0)
            File.WriteAllText(_folder.Combine(Settings.FileName), content);
        return Settings.Read(new DataFolder(_folder.Path));
    }
}
