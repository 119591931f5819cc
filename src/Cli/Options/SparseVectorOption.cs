using System.CommandLine;
using System.Globalization;
using Rag.V1;

namespace Rag.Cli.Options;

internal static class SparseVectorOption
{
    /// <summary><c>--sparse 7:0.5,12:1.25</c>; null where it is not given.</summary>
    public static Option<SparseVector?> Create() => new("--sparse")
    {
        Description = "Search by this sparse vector: in mode sparse in place of words, in mode hybrid beside them.",
        HelpName = "INDEX:WEIGHT,...",
        CustomParser = result =>
        {
            var vector = new SparseVector();
            foreach (var entry in result.Tokens[0].Value.Split(',', StringSplitOptions.TrimEntries))
            {
                var parts = entry.Split(':');
                if (parts.Length != 2 || !uint.TryParse(parts[0], NumberStyles.None, CultureInfo.InvariantCulture, out var index)
                    || !float.TryParse(parts[1], NumberStyles.Float, CultureInfo.InvariantCulture, out var weight))
                {
                    result.AddError($"'{entry}' is no entry of a sparse vector: write INDEX:WEIGHT, such as 7:0.5.");
                    return null;
                }

                vector.Indices.Add(index);
                vector.Weights.Add(weight);
            }

            return vector;
        },
    };
}
