using Rag.Load.Scenarios;

namespace Rag.Load.Tests;

public sealed class ScenarioTests
{
    [Fact]
    public void Every_scenario_that_comes_with_the_program_can_be_run()
    {
        var names = ScenarioFile.Names.ToList();
        names.ShouldContain("smoke");
        names.ShouldContain("peak");
        names.ShouldContain("noisy-neighbour");
        foreach (var name in names)
        {
            var scenario = ScenarioFile.Read(name);
            scenario.Name.ShouldBe(name);
            scenario.Description.ShouldNotBeEmpty();
        }
    }

    [Fact]
    public void A_path_is_read_as_well_as_a_name()
    {
        var path = Path.Combine(Path.GetTempPath(), $"scenario-{Guid.NewGuid():N}.json");
        File.WriteAllText(path, """{ "name": "own", /* a remark */ "steps": [ { "seconds": 1, "rate": 5 } ] }""");
        try
        {
            ScenarioFile.Read(path).Name.ShouldBe("own");
        }
        finally
        {
            File.Delete(path);
        }

        Should.Throw<ScenarioException>(() => ScenarioFile.Read("nothing")).Message.ShouldContain("smoke");
    }

    [Fact]
    public void All_faults_are_named_at_once()
    {
        var fault = Should.Throw<ScenarioException>(() => ScenarioFile.Parse(
            """
            {
              "data": { "workspaces": 0 },
              "traffic": [ { "mix": { "hybrid": 1 }, "k": 0 } ],
              "steps": [ { "seconds": 0, "rate": 5, "rates": { "nobody": 1 } } ]
            }
            """, "broken"));
        foreach (var part in new[] { "workspaces", "k must be", "need data with texts", "seconds", "nobody" })
            fault.Message.ShouldContain(part);
    }

    [Theory]
    [InlineData("""{ "stepz": [] }""")]
    [InlineData("""{ "traffic": [ { "calls": "pigeon" } ] }""")]
    [InlineData("""{ "steps": """)]
    [InlineData("""{ "steps": [ { "seconds": 1, "rate": 5 } ], "search": { "fromRate": 1, "toRate": 2 } }""")]
    [InlineData("{}")]
    [InlineData("null")]
    public void What_is_no_scenario_is_refused(string json) =>
        Should.Throw<ScenarioException>(() => ScenarioFile.Parse(json, "broken")).Message.ShouldContain("broken");
}
