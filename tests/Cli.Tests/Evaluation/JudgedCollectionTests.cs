using Rag.Cli.Evaluation;
using Rag.Testing;

namespace Rag.Cli.Tests.Evaluation;

public sealed class JudgedCollectionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Only_queries_with_judgements_are_kept()
    {
        Write("""{"id":"d1","title":"T","text":"one"}""", """
            {"id":"q1","text":"first"}
            {"id":"q2","text":"never judged"}
            """, "query-id\tcorpus-id\tscore\nq1\td1\t2\n");

        var collection = JudgedCollection.Open(_folder.Path);

        var query = collection.Queries.ShouldHaveSingleItem();
        query.Id.ShouldBe("q1");
        query.Grades["d1"].ShouldBe(2);
        collection.ReadDocuments().ShouldHaveSingleItem().Passage.ShouldBe("T one");
    }

    [Fact]
    public void A_missing_file_is_named()
    {
        var failure = Should.Throw<CliException>(() => JudgedCollection.Open(_folder.Path));
        failure.Message.ShouldContain("corpus.jsonl");
    }

    [Fact]
    public void A_broken_line_is_named_with_its_number()
    {
        Write("{}", """{"id":"q1","text":"first"}""", "h\nq1\td1\t1\nq1 d2 1\n");
        Should.Throw<CliException>(() => JudgedCollection.Open(_folder.Path)).Message.ShouldContain("qrels.tsv:3");

        Write("{\"title\":\"no id\"}", """{"id":"q1","text":"first"}""", "h\nq1\td1\t1\n");
        Should.Throw<CliException>(() => JudgedCollection.Open(_folder.Path).ReadDocuments().Count())
            .Message.ShouldContain("corpus.jsonl:1");
    }

    private void Write(string corpus, string queries, string judgements)
    {
        File.WriteAllText(_folder.Combine("corpus.jsonl"), corpus);
        File.WriteAllText(_folder.Combine("queries.jsonl"), queries);
        File.WriteAllText(_folder.Combine("qrels.tsv"), judgements);
    }
}
