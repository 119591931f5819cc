using Rag.Testing;

namespace Rag.Embedding.Tests;

public sealed class ModelCatalogTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_repository_has_its_default_model()
    {
        var catalog = new ModelCatalog([Path.Combine(RepositoryRoot.Path, "models")]);
        catalog.List().ShouldHaveSingleItem().Model!.HasLookup.ShouldBeTrue();
        catalog.Find("all-MiniLM-L6-v2").Folder.ShouldBe(ModelPaths.Default);
    }

    [Fact]
    public void Models_are_listed_by_name_with_those_that_cannot_be_used()
    {
        TinyModel.Write(_folder.Combine("b"));
        TinyModel.Write(_folder.Combine("org", "a"));
        TinyModel.Write(_folder.Combine("broken"));
        File.WriteAllText(_folder.Combine("broken", "config.json"), "{}");
        Directory.CreateDirectory(_folder.Combine("empty"));
        TinyModel.Write(_folder.Combine(".pull", "half"));
        var entries = new ModelCatalog([_folder.Path, _folder.Combine("nowhere")]).List();
        entries.Select(entry => entry.Name).ShouldBe(["b", "broken", "org/a"]);
        entries[1].Model.ShouldBeNull();
        entries[1].Error!.ShouldContain("hidden_size");
        entries[2].Model!.Name.ShouldBe("org/a");
    }

    [Fact]
    public void A_model_is_found_by_its_last_part_unless_two_share_it()
    {
        TinyModel.Write(_folder.Combine("one", "tiny"));
        var catalog = new ModelCatalog([_folder.Path]);
        catalog.Find("tiny").Name.ShouldBe("one/tiny");
        TinyModel.Write(_folder.Combine("two", "tiny"));
        Should.Throw<ModelFormatException>(() => catalog.Find("tiny")).Message.ShouldContain("two/tiny");
        catalog.Find("two/tiny").Name.ShouldBe("two/tiny");
    }

    [Theory]
    [InlineData("nothing")]
    [InlineData("../tiny")]
    [InlineData("/etc")]
    public void What_is_not_there_is_answered_with_what_is(string name)
    {
        TinyModel.Write(_folder.Combine("tiny"));
        Should.Throw<ModelFormatException>(() => new ModelCatalog([_folder.Path]).Find(name)).Message
            .ShouldContain("There are: tiny.");
    }

    [Fact]
    public void The_licence_comes_from_the_card_or_the_licence_file()
    {
        TinyModel.Write(_folder.Combine("m"));
        var catalog = new ModelCatalog([_folder.Path]);
        catalog.Find("m").Licence.ShouldBeNull();
        File.WriteAllText(_folder.Combine("m", "LICENSE"), "MIT License\n\nCopyright ...");
        catalog.Find("m").Licence.ShouldBe("mit");
        File.WriteAllText(_folder.Combine("m", "README.md"), "---\nlanguage: en\nlicense: cc-by-4.0\n---\n# m");
        catalog.Find("m").Licence.ShouldBe("cc-by-4.0");
    }
}
