namespace Rag.Architecture.Tests;

public class SolutionTests
{
    private static string Solution => File.ReadAllText(Path.Combine(SourceTree.Root, "Rag.Engine.sln")).Replace('\\', '/');

    [Fact]
    public void Every_project_stands_in_the_solution()
    {
        foreach (var project in ProjectFile.All.Values)
            Solution.ShouldContain(SourceTree.Relative(project.FilePath));
    }

    [Fact]
    public void Every_project_has_content_of_its_own()
    {
        // Contracts are the protos, OnnxRuntime the sources in its npm package.
        foreach (var project in ProjectFile.All.Values)
        {
            var files = project.Name switch
            {
                "Rag.Contracts" => SourceTree.Files("protos", "*.proto"),
                "Microsoft.ML.OnnxRuntime" => [Path.Combine(project.Folder, "package-lock.json")],
                _ => SourceTree.Files(SourceTree.Relative(project.Folder), "*.cs"),
            };
            files.Where(File.Exists).ShouldNotBeEmpty(project.Name);
        }
    }

    [Fact]
    public void Package_versions_stand_in_one_file()
    {
        foreach (var project in ProjectFile.All.Values)
        {
            File.ReadAllText(project.FilePath).ShouldNotMatch(
                "<PackageReference[^>]* Version=", $"{project.Name}: put it into Directory.Packages.props");
        }
    }

    [Fact]
    public void Every_product_project_has_tests()
    {
        string[] testedElsewhere = ["Rag.Contracts", "Microsoft.ML.OnnxRuntime"];
        foreach (var project in ProjectFile.Product.Where(project => !testedElsewhere.Contains(project.Name)))
            ProjectFile.All.ShouldContainKey(project.Name + ".Tests");
    }
}
