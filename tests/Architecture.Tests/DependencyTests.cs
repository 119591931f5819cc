using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace Rag.Architecture.Tests;

/// <summary>Who may know whom. The table is that of the design; a change here is a change of the architecture.</summary>
public class DependencyTests
{
    private static readonly Dictionary<string, string[]> Allowed = new()
    {
        ["Rag.Engine"] = [],
        ["Rag.Transport"] = [],
        ["Rag.Nats"] = [],
        ["Microsoft.ML.OnnxRuntime"] = [],
        ["Rag.Tokenization"] = [],
        ["Rag.Contracts"] = ["Rag.Transport"],
        ["Rag.Embedding"] = ["Microsoft.ML.OnnxRuntime", "Rag.Tokenization"],
        ["Rag.Metadata"] = [],
        ["Rag.Hosting"] = ["Rag.Nats"],
        ["Rag.Shard"] =
            ["Rag.Engine", "Rag.Embedding", "Rag.Contracts", "Rag.Transport", "Rag.Nats", "Rag.Hosting"],
        ["Rag.Router"] = ["Rag.Contracts", "Rag.Transport", "Rag.Metadata", "Rag.Nats", "Rag.Hosting"],
        ["Rag.Ingestor"] =
            ["Rag.Tokenization", "Rag.Contracts", "Rag.Transport", "Rag.Nats", "Rag.Metadata", "Rag.Hosting"],
        ["Rag.Client"] = ["Rag.Contracts", "Rag.Transport"],
        ["Rag.Cli"] =
        [
            "Rag.Engine", "Rag.Embedding", "Rag.Tokenization", "Rag.Contracts", "Rag.Transport", "Rag.Nats",
            "Rag.Metadata", "Rag.Hosting", "Rag.Shard", "Rag.Router", "Rag.Ingestor", "Rag.Client",
        ],
    };

    public static TheoryData<string> ProductProjects => [.. ProjectFile.Product.Select(project => project.Name)];

    [Theory]
    [MemberData(nameof(ProductProjects))]
    public void A_project_references_only_what_the_table_allows(string name)
    {
        Allowed.ShouldContainKey(name, "a new project needs its row in the table");
        ProjectFile.All[name].References.Except(Allowed[name]).ShouldBeEmpty();
    }

    [Theory]
    [MemberData(nameof(ProductProjects))]
    public void A_compiled_assembly_uses_only_what_the_table_allows(string name)
    {
        var path = Path.Combine(AppContext.BaseDirectory, name + ".dll");
        File.Exists(path).ShouldBeTrue($"{name}.dll belongs to what the command line is made of");
        using var file = new PEReader(File.OpenRead(path));
        var metadata = file.GetMetadataReader();
        var used = metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))
            .Where(ProjectFile.All.ContainsKey);
        // What an allowed project brings along may be used too, as Grpc's types through Contracts.
        var allowed = Allowed[name].Union(ProjectFile.All[name].Reachable());
        used.Except(allowed).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("Rag.Router")]
    [InlineData("Rag.Ingestor")]
    [InlineData("Rag.Client")]
    [InlineData("Rag.Metadata")]
    [InlineData("Rag.Hosting")]
    [InlineData("Rag.Contracts")]
    public void The_engine_is_out_of_reach_of(string name) =>
        ProjectFile.All[name].Reachable().ShouldNotContain("Rag.Engine");

    [Fact]
    public void Only_the_shard_sees_both_engine_and_protobuf()
    {
        var both = ProjectFile.Product
            .Where(project => Reaches(project, "Rag.Engine") && KnowsProtobuf(project))
            .Select(project => project.Name);
        both.ShouldBe(["Rag.Shard", "Rag.Cli"], ignoreOrder: true, "the command line only composes");
    }

    [Fact]
    public void Metadata_and_hosting_know_no_protobuf()
    {
        KnowsProtobuf(ProjectFile.All["Rag.Metadata"]).ShouldBeFalse();
        KnowsProtobuf(ProjectFile.All["Rag.Hosting"]).ShouldBeFalse();
    }

    [Fact]
    public void Internals_are_seen_by_tests_and_benchmarks_only()
    {
        foreach (var project in ProjectFile.Product)
        {
            project.Friends.Where(friend => friend != "Rag.Benchmarks" && !friend.EndsWith(".Tests", StringComparison.Ordinal))
                .ShouldBeEmpty($"{project.Name}: a friend assembly of the product is a hidden dependency");
        }
    }

    private static bool Reaches(ProjectFile project, string name) =>
        project.Name == name || project.Reachable().Contains(name);

    private static bool KnowsProtobuf(ProjectFile project) =>
        project.Reachable().Append(project.Name)
            .Any(name => ProjectFile.All.TryGetValue(name, out var reached) && reached.Packages.Contains("Google.Protobuf"));
}
