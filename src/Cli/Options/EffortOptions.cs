using System.CommandLine;

namespace Rag.Cli.Options;

/// <summary>How hard a search looks: at most one of <c>--recall</c>, <c>--ef</c> and <c>--exact</c>.</summary>
internal sealed class EffortOptions
{
    private readonly Option<float?> _recall = new("--recall")
    {
        Description = "Share of the true best that is to be found, 0.5 to 1. Default: 0.95.",
    };

    private readonly Option<int?> _ef = new("--ef") { Description = "Width of the beam in a graph index, 1 to 10,000." };

    private readonly Option<bool> _exact = new("--exact") { Description = "Compare with every vector." };

    public void AddTo(Command command)
    {
        command.Options.Add(_recall);
        command.Options.Add(_ef);
        command.Options.Add(_exact);
        command.Validators.Add(result =>
        {
            var given = new Option[] { _recall, _ef, _exact }.Count(option => result.GetResult(option) is { Implicit: false });
            if (given > 1)
                result.AddError("Give only one of --recall, --ef and --exact.");
        });
    }

    public float? Recall(ParseResult parsed) => parsed.GetValue(_recall);

    public int? Ef(ParseResult parsed) => parsed.GetValue(_ef);

    public bool IsExact(ParseResult parsed) => parsed.GetValue(_exact);
}
