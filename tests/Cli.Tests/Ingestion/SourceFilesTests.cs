using System.Text;
using Rag.Cli.Ingestion;
using Rag.Testing;

namespace Rag.Cli.Tests.Ingestion;

public sealed class SourceFilesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Files_of_a_folder_are_named_by_their_path_in_it()
    {
        Write("b/inner.txt");
        Write("a.md");
        SourceFiles.Find([_folder.Path]).Select(file => file.DocumentId).ShouldBe(["a.md", "b/inner.txt"]);
    }

    [Fact]
    public void A_single_file_is_named_by_its_name() =>
        SourceFiles.Find([Write("deep/down/report.pdf")]).ShouldHaveSingleItem().DocumentId.ShouldBe("report.pdf");

    [Fact]
    public void What_nobody_wants_to_read_is_left_out()
    {
        Write(".git/config");
        Write("node_modules/left/index.js");
        Write("app/app.csproj");
        Write("app/bin/app.dll");
        Write("app/obj/cache.txt");
        Write("app/program.cs");
        Write("bin/kept.txt");
        SourceFiles.Find([_folder.Path]).Select(file => file.DocumentId)
            .ShouldBe(["app/app.csproj", "app/program.cs", "bin/kept.txt"]);
    }

    [Fact]
    public void Two_files_of_one_name_become_two_documents()
    {
        var files = SourceFiles.Find([Write("one/readme.md"), Write("two/readme.md")]);
        files.Count.ShouldBe(2);
        files.Select(file => file.Path).Distinct().Count().ShouldBe(2);
        files.Select(file => file.DocumentId).ShouldContain("readme.md");
    }

    [Fact]
    public void The_same_file_twice_becomes_one_document()
    {
        var path = Write("readme.md");
        SourceFiles.Find([path, path, _folder.Path]).ShouldHaveSingleItem();
    }

    [Fact]
    public void An_id_is_never_longer_than_allowed_and_still_its_own()
    {
        var deep = string.Join('/', Enumerable.Repeat("ordner-ü", 40));
        Write($"{deep}/one.md");
        Write($"{deep}/two.md");
        var files = SourceFiles.Find([_folder.Path]);
        files.Select(file => file.DocumentId).Distinct().Count().ShouldBe(2);
        files.ShouldAllBe(file => Encoding.UTF8.GetByteCount(file.DocumentId) <= 256);
        files[0].DocumentId.ShouldEndWith(".md");
    }

    private string Write(string path)
    {
        var full = _folder.Combine(path.Split('/'));
        Directory.CreateDirectory(Path.GetDirectoryName(full)!);
        File.WriteAllText(full, path);
        return full;
    }
}
