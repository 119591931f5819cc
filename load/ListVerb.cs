using System.CommandLine;
using Rag.Load.Scenarios;

namespace Rag.Load;

/// <summary><c>rag load list</c>: the scenarios that come with the program.</summary>
internal static class ListVerb
{
    public static Command Create()
    {
        var verb = new Command("list", "List the scenarios that come with the program.");
        verb.SetAction(parsed =>
        {
            foreach (var name in ScenarioFile.Names)
                parsed.InvocationConfiguration.Output.WriteLine($"{name,-26} {ScenarioFile.Read(name).Description}");
        });
        return verb;
    }
}
