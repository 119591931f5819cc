using System.Text.Json;
using Rag.Testing;

namespace Rag.Cli.Tests.EndToEnd;

/// <summary>Whole commands on a whole engine in this process, over a data folder that outlives each of them.</summary>
public sealed class EngineTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.Combine("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Files_that_were_taken_in_are_found_by_the_next_command()
    {
        var files = WriteHandbook();

        var ingest = await RunAsync("ingest", files, "-w", "handbook", "--metadata", "lang=en");
        ingest.ExitCode.ShouldBe(ExitCode.Ok, ingest.Error);
        ingest.Output.ShouldContain("3 files in");

        var search = await RunAsync("search", "how", "do", "I", "claim", "travel", "costs", "-w", "handbook", "--json");
        search.ExitCode.ShouldBe(ExitCode.Ok, search.Error);
        var hits = search.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        hits[0].GetProperty("document").GetString().ShouldBe("travel.md");
        hits[0].GetProperty("text").GetString()!.ShouldContain("form T1");
        hits.Select(hit => hit.GetProperty("score").GetDouble()).ShouldBeInOrder(SortDirection.Descending);

        (await RunAsync("search", "costs", "-w", "handbook", "--filter", "lang=de", "--json")).Output.ShouldBeEmpty();
        (await RunAsync("search", "costs", "-w", "handbook", "--filter", "lang=en", "--json")).Lines.Count.ShouldBe(3);
        (await RunAsync("chunk", "count", "-w", "handbook")).Output.Trim().ShouldBe("3");
    }

    [Fact]
    public async Task Chunks_with_sparse_vectors_are_written_from_lines_and_found_by_them()
    {
        var lines = _folder.Combine("chunks.jsonl");
        await File.WriteAllLinesAsync(lines,
        [
            """{"chunkId":"a","text":"travel costs","sparseVector":{"indices":[3793,2054],"weights":[0.75,1.5]}}""",
            """{"chunkId":"b","text":"meals","sparseVector":{"indices":[3793],"weights":[0.5]}}""",
        ]);
        var created = await RunAsync("workspace", "create", "papers", "--dimension", "2", "--title-boost", "2");
        created.ExitCode.ShouldBe(ExitCode.Ok, created.Error);
        (await RunAsync("chunk", "put", lines, "-w", "papers")).Output.ShouldContain("2 chunks");

        var search = await RunAsync("search", "-w", "papers", "--mode", "sparse", "--sparse", "2054:0.8,3793:1.4", "--json");
        search.ExitCode.ShouldBe(ExitCode.Ok, search.Error);
        var hits = search.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        hits.Select(hit => hit.GetProperty("chunk").GetString()).ShouldBe(["a", "b"]);
        hits.Select(hit => hit.GetProperty("score").GetDouble()).ShouldBe([2.25, 0.7], 1e-5);
        (await RunAsync("workspace", "stats", "papers")).Output.ShouldContain("3 postings of 2 chunks");
        (await RunAsync("search", "-w", "papers", "--mode", "sparse", "--sparse", "1:-2")).Error.ShouldContain("weight");
    }

    [Fact]
    public async Task Chunks_are_found_by_a_vector_of_a_file_and_counted_by_ranges()
    {
        await WritePapersAsync();
        var vector = _folder.Combine("vector.json");
        await File.WriteAllTextAsync(vector, "[0.6, 0.8]");

        var search = await RunAsync(
            "search", "-w", "papers", "--vector", vector, "--facet", "year:..2010,2010..", "--boost", "year:2020:10:1:linear:10:0.25", "--json");

        search.ExitCode.ShouldBe(ExitCode.Ok, search.Error);
        var lines = search.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        lines.Count.ShouldBe(3);
        lines.Take(2).Select(hit => hit.GetProperty("chunk").GetString()).ShouldBe(["b", "a"]);
        // 2012 lies within the offset; 2001 nine years beyond it, where a factor of 0.25 is ten years away.
        lines.Take(2).Select(hit => hit.GetProperty("score").GetDouble()).ShouldBe([1.8, 0.925], 1e-5);
        lines[2].GetProperty("counts").GetProperty("…2010").GetInt32().ShouldBe(1);
        lines[2].GetProperty("counts").GetProperty("2010…").GetInt32().ShouldBe(1);
        await File.WriteAllTextAsync(vector, "[]");
        (await RunAsync("search", "-w", "papers", "--vector", vector)).ExitCode.ShouldBe(ExitCode.Usage);
    }

    [Fact]
    public async Task Searches_of_a_file_are_answered_in_order_and_each_fails_for_itself()
    {
        await WritePapersAsync();
        var searches = _folder.Combine("searches.jsonl");
        await File.WriteAllLinesAsync(searches,
        [
            "meals", "", """{"text":"costs","filter":{"equal":{"key":"lang","value":{"stringValue":"en"}}}}""", """{"text":"x","k":-1}""",
            """{"vector":{"dense":{"values":[1,0]}},"mode":"SEARCH_MODE_DENSE","k":1}""",
        ]);

        var batch = await RunAsync("search", "-w", "papers", "--mode", "sparse", "--filter", "lang=de", "--batch", searches, "--json");

        batch.ExitCode.ShouldBe(ExitCode.Failure);
        batch.Error.ShouldBe("rag: 1 of 4 searches failed." + Environment.NewLine);
        var answers = batch.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        answers.Select(answer => answer.GetProperty("search").GetInt32()).ShouldBe([1, 2, 3, 4]);
        // A line's filter stands in place of the option's; where it has none the option's holds.
        string[][] chunks = [["b"], ["a"], [], ["b"]];
        for (var i = 0; i < chunks.Length; i++)
        {
            if (answers[i].TryGetProperty("hits", out var hits))
                hits.EnumerateArray().Select(hit => hit.GetProperty("chunk").GetString()).ShouldBe(chunks[i]);
        }

        answers[2].GetProperty("error").GetString()!.ShouldContain("k");
        (await RunAsync("search", "-w", "papers", "--mode", "sparse", "--batch", searches)).Output.ShouldContain("Search 1: meals");
        await File.WriteAllTextAsync(searches, "{no search}");
        var broken = await RunAsync("search", "-w", "papers", "--batch", searches);
        broken.ExitCode.ShouldBe(ExitCode.Usage);
        broken.Error.ShouldContain("Line 1");
    }

    [Fact]
    public async Task What_has_not_changed_is_left_and_what_has_is_replaced()
    {
        var files = WriteHandbook();
        await RunAsync("ingest", files, "-w", "handbook", "--encoder", "lookup");
        File.WriteAllText(Path.Combine(files, "travel.md"), "# Travel\n\nThe form is called Z9 now.");

        var again = await RunAsync("ingest", files, "-w", "handbook", "--json");

        var outcomes = again.Lines.Select(line => JsonDocument.Parse(line).RootElement)
            .ToDictionary(line => line.GetProperty("document").GetString()!, line => line.GetProperty("outcome").GetString());
        outcomes["travel.md"].ShouldBe("indexed");
        outcomes["cats.txt"].ShouldBe("unchanged");
        var hits = await RunAsync("search", "travel", "form", "-w", "handbook", "--json");
        hits.Output.ShouldContain("Z9");
        hits.Output.ShouldNotContain("T1");
    }

    [Fact]
    public async Task A_file_that_cannot_be_read_fails_the_command_and_not_the_others()
    {
        var files = WriteHandbook();
        var noise = new byte[20_000];
        new Random(3).NextBytes(noise);
        File.WriteAllBytes(Path.Combine(files, "noise.txt"), noise);

        var ingest = await RunAsync("ingest", files, "-w", "handbook", "--encoder", "lookup");

        ingest.ExitCode.ShouldBe(ExitCode.Failure);
        ingest.Error.ShouldContain("failed: noise.txt: ");
        (await RunAsync("doc", "list", "-w", "handbook")).Lines.Count.ShouldBe(3);
        var line = (await RunAsync("job", "list", "-w", "handbook", "--failed")).Lines.ShouldHaveSingleItem();
        var job = line.Split(' ')[0];
        (await RunAsync("job", "list", "-w", "handbook", "--state", "dead")).Lines.ShouldBe([line]);

        // Tried again it ends as before, because nothing has changed.
        var requeue = await RunAsync("job", "requeue", "--failed", "-w", "handbook");
        requeue.ExitCode.ShouldBe(ExitCode.Ok);
        requeue.Lines.ShouldHaveSingleItem().ShouldStartWith($"{job}  queued");
        (await RunAsync("job", "watch", job, "-w", "handbook")).Lines[^1].ShouldStartWith($"{job}  failed");
        (await RunAsync("job", "requeue", "-w", "handbook")).ExitCode.ShouldBe(ExitCode.Failure);
    }

    [Fact]
    public async Task A_workspace_is_made_looked_at_changed_and_removed()
    {
        (await RunAsync("workspace", "create", "w", "--ingest", "fast", "--label", "team=hr")).ExitCode.ShouldBe(ExitCode.Ok);
        var twice = await RunAsync("workspace", "create", "w");
        twice.ExitCode.ShouldBe(ExitCode.Failure);
        twice.Error.ShouldStartWith("rag: ");

        (await RunAsync("workspace", "update", "w", "--target-tokens", "100")).ExitCode.ShouldBe(ExitCode.Ok);
        var settings = JsonDocument.Parse((await RunAsync("workspace", "get", "w", "--json")).Output).RootElement;
        settings.GetProperty("chunking").GetProperty("target_tokens").GetInt32().ShouldBe(100);
        settings.GetProperty("embedding").GetProperty("ingest").GetString().ShouldBe("EMBEDDING_INGEST_FAST");
        settings.GetProperty("labels").GetProperty("team").GetString().ShouldBe("hr");
        (await RunAsync("workspace", "list")).Lines.ShouldHaveSingleItem().ShouldStartWith("w ");
        (await RunAsync("workspace", "stats", "w")).Output.ShouldContain("chunks      0");

        (await RunAsync("workspace", "delete", "w")).ExitCode.ShouldBe(ExitCode.Ok);
        (await RunAsync("workspace", "list")).Output.ShouldBeEmpty();
        var gone = await RunAsync("search", "text", "-w", "w");
        gone.ExitCode.ShouldBe(ExitCode.Failure);
        gone.Error.ShouldStartWith("rag: ");
    }

    [Fact]
    public async Task Documents_and_chunks_are_listed_read_and_removed()
    {
        await RunAsync("ingest", WriteHandbook(), "-w", "handbook", "--encoder", "lookup");

        (await RunAsync("doc", "list", "-w", "handbook", "--json")).Lines.Count.ShouldBe(3);
        (await RunAsync("doc", "get", "travel.md", "-w", "handbook")).Output.ShouldContain("travel.md");
        (await RunAsync("chunk", "list", "-w", "handbook", "--document", "cats.txt")).Output.ShouldContain("Cats sleep");
        (await RunAsync("doc", "delete", "cats.txt", "-w", "handbook")).Output.ShouldContain("1 chunks are gone");
        (await RunAsync("doc", "get", "cats.txt", "-w", "handbook")).ExitCode.ShouldBe(ExitCode.Failure);
        (await RunAsync("search", "cats", "sleep", "-w", "handbook", "--json")).Output.ShouldNotContain("cats.txt");
    }

    [Fact]
    public async Task A_judged_collection_is_evaluated()
    {
        var folder = Directory.CreateDirectory(_folder.Combine("judged")).FullName;
        string[] texts =
        [
            "Cats sleep most of the day.", "The train to the north leaves at noon.", "Bread needs flour, water and salt.",
            "A bridge of steel carries the railway.", "Kittens and dogs are pets.",
        ];
        File.WriteAllLines(
            Path.Combine(folder, "corpus.jsonl"),
            texts.Select((text, i) => JsonSerializer.Serialize(new { id = $"d{i}", title = "", text })));
        File.WriteAllText(Path.Combine(folder, "queries.jsonl"), """
            {"id":"q1","text":"sleeping cats"}
            {"id":"q2","text":"how to bake bread"}
            {"id":"q3","text":"never judged"}
            """);
        File.WriteAllText(Path.Combine(folder, "qrels.tsv"), "query\tdocument\tgrade\nq1\td0\t2\nq1\td4\t1\nq2\td2\t1\n");

        var run = await RunAsync("eval", folder, "--json");

        run.ExitCode.ShouldBe(ExitCode.Ok, run.Error);
        var figures = JsonDocument.Parse(run.Output).RootElement;
        figures.GetProperty("collection").GetString().ShouldBe("judged");
        figures.GetProperty("queries").GetInt32().ShouldBe(2);
        figures.GetProperty("ndcg_at_10").GetDouble().ShouldBeGreaterThan(0.9);
        figures.GetProperty("recall_at_100").GetDouble().ShouldBe(1);
        figures.GetProperty("p99_ms").GetDouble().ShouldBeGreaterThan(0);
        figures.TryGetProperty("late", out _).ShouldBeFalse();
        (await RunAsync("workspace", "list")).Output.ShouldBeEmpty("the temporary workspace is gone");

        // Ranked anew by the same model's tokens: the one best hit is all that there is to rank.
        var late = await RunAsync("eval", folder, "--mode", "sparse", "--late", "all-MiniLM-L6-v2", "--top-n", "1", "--json");
        late.ExitCode.ShouldBe(ExitCode.Ok, late.Error);
        figures = JsonDocument.Parse(late.Output).RootElement;
        figures.GetProperty("late").GetString().ShouldBe("all-MiniLM-L6-v2");
        figures.GetProperty("top_n").GetInt32().ShouldBe(1);
        figures.GetProperty("recall_at_100").GetDouble().ShouldBe(0.75);
        figures.GetProperty("ndcg_at_10").GetDouble().ShouldBeInRange(0.8, 0.95);
        (await RunAsync("eval", folder, "--mode", "sparse", "--late", "nobody")).Error.ShouldContain("nobody");
    }

    [Theory]
    [InlineData("full")]
    [InlineData("lookup")]
    public async Task Texts_become_ids_and_vectors_without_an_engine(string encoder)
    {
        var run = await CommandRun.RunWithInputAsync(
            "a cat\n\"a\\ncat\"\n", "embed", "--encoder", encoder, "--json", "--data", Data);
        run.ExitCode.ShouldBe(ExitCode.Ok, run.Error);
        var lines = run.Lines.Select(line => JsonDocument.Parse(line).RootElement).ToList();
        lines.Count.ShouldBe(2);
        int[] ids = [101, 1037, 4937, 102];
        lines.ShouldAllBe(line => line.GetProperty("ids").EnumerateArray().Select(id => id.GetInt32()).SequenceEqual(ids));
        var vector = lines[0].GetProperty("vector").EnumerateArray().Select(component => component.GetDouble()).ToList();
        vector.Count.ShouldBe(384);
        vector.Sum(component => component * component).ShouldBe(1, 1e-4);
        Directory.Exists(Data).ShouldBeFalse();
    }

    private async Task WritePapersAsync()
    {
        var lines = _folder.Combine("papers.jsonl");
        await File.WriteAllLinesAsync(lines,
        [
            """{"chunkId":"a","text":"travel costs","vectors":{"":{"dense":{"values":[1,0]}}},"metadata":{"year":{"integerValue":2001},"lang":{"stringValue":"en"}}}""",
            """{"chunkId":"b","text":"meals","vectors":{"":{"dense":{"values":[0,1]}}},"metadata":{"year":{"integerValue":2012},"lang":{"stringValue":"de"}}}""",
        ]);
        var created = await RunAsync("workspace", "create", "papers", "--dimension", "2");
        created.ExitCode.ShouldBe(ExitCode.Ok, created.Error);
        (await RunAsync("chunk", "put", lines, "-w", "papers")).Output.ShouldContain("2 chunks");
    }

    private Task<CommandRun> RunAsync(params string[] arguments) => CommandRun.RunAsync([.. arguments, "--data", Data]);

    private string WriteHandbook()
    {
        var folder = Directory.CreateDirectory(_folder.Combine("handbook")).FullName;
        File.WriteAllText(
            Path.Combine(folder, "travel.md"), "# Travel costs\n\nClaim travel costs with form T1 within thirty days.");
        File.WriteAllText(Path.Combine(folder, "cats.txt"), "Cats sleep for most of the day.");
        File.WriteAllText(
            Path.Combine(folder, "page.html"), "<html><title>Bread</title><body><h1>Bread</h1><p>Flour and water.</p></body></html>");
        return folder;
    }
}
