using System.Globalization;
using Rag.V1;

namespace Rag.Cli.Output;

/// <summary>A space on its way to another model, for people.</summary>
internal static class ModelChangeText
{
    public static string Details(GetModelChangeResponse change)
    {
        var lines = new List<string>
        {
            $"space       '{change.Change.Space}'",
            $"to          {change.Change.Target.Model}, {change.Change.Target.Dimension}d",
            string.Create(CultureInfo.InvariantCulture,
                $"moved       {change.MovedChunks:N0} of {change.Chunks:N0} chunks{(change.Complete ? ", complete" : "")}"),
        };
        if (change.Samples > 0)
        {
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"overlap     {change.Overlap:0.00} of the ten best, over {change.Samples} sampled chunks"));
        }

        return string.Join(Environment.NewLine, lines);
    }
}
