using System.Globalization;
using Rag.V1;

namespace Rag.Cli.Output;

/// <summary>Workspaces, for people.</summary>
internal static class WorkspaceText
{
    public static string Line(Workspace workspace) =>
        $"{workspace.Name}  {Word(workspace.State)}  version {workspace.Version}  {Spaces(workspace)}";

    public static string Details(Workspace workspace)
    {
        var lines = new List<string>
        {
            $"name        {workspace.Name}",
            $"uid         {workspace.Uid}",
            $"state       {Word(workspace.State)}",
            $"version     {workspace.Version}",
            $"spaces      {Spaces(workspace)}",
            $"ingest      {Word(workspace.Embedding?.Ingest ?? EmbeddingIngest.Unspecified)}",
            $"spread      {workspace.Spread} (partitions {string.Join(", ", workspace.Partitions)})",
        };
        if (workspace.ModelChange is { Target: { } target })
            lines.Add($"changing    '{target.Name}' to {target.Model} {target.Dimension}d");
        if (workspace.Chunking is { } chunking)
        {
            lines.Add(
                $"chunking    target {chunking.TargetTokens}, at most {chunking.MaxTokens}, overlap "
                + $"{chunking.OverlapTokens} tokens");
        }

        if (workspace.MultiVectorDimension > 0)
            lines.Add($"multi       vectors of {workspace.MultiVectorDimension} dimensions");
        lines.AddRange(workspace.Labels.OrderBy(label => label.Key, StringComparer.Ordinal)
            .Select(label => $"label       {label.Key}={label.Value}"));
        return string.Join(Environment.NewLine, lines);
    }

    public static string Statistics(GetWorkspaceStatisticsResponse statistics)
    {
        var lines = new List<string>
        {
            $"documents   {statistics.Documents}",
            $"chunks      {statistics.Chunks}",
            $"texts       {ByteCount.Format(statistics.TextBytes)}",
            $"memory      {ByteCount.Format(statistics.MemoryBytes)}",
            $"words       {Index(statistics.TextIndex)}",
            $"sparse      {Index(statistics.SparseIndex)}",
            $"disk        {ByteCount.Format(statistics.DiskBytes)}",
        };
        foreach (var space in statistics.Spaces)
        {
            var refined = space.Refined.ToString("P0", CultureInfo.InvariantCulture);
            lines.Add($"space '{space.Name}'    {space.Vectors} vectors, {(space.Graph ? "graph" : "exact")}, {refined} refined"
                + (space.HasMeasuredRecall ? string.Create(CultureInfo.InvariantCulture, $", recall {space.MeasuredRecall:0.000}") : ""));
        }

        if (statistics.Refinement is { PendingChunks: > 0 } refinement)
            lines.Add("refinement  " + Refinement(refinement));
        return string.Join(Environment.NewLine, lines);
    }

    private static string Index(TermIndexStatistics? index) => index is null
        ? "unknown"
        : string.Create(CultureInfo.InvariantCulture, $"{ByteCount.Format(index.Bytes)}, {index.Postings:N0} postings of {index.Chunks:N0} chunks");

    /// <summary>What the background has still to do.</summary>
    public static string Refinement(RefinementStatus refinement)
    {
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{refinement.PendingChunks:N0} chunks wait, {refinement.Rate:0.#} a second");
        return refinement.TimeLeft is { } left ? $"{text}, about {left.ToTimeSpan():d\\.hh\\:mm\\:ss} left" : text;
    }

    private static string Spaces(Workspace workspace) => string.Join(", ", workspace.Spaces.Select(space =>
        $"'{space.Name}' {(space.Model.Length > 0 ? space.Model : "own vectors")} {space.Dimension}d {Word(space.Metric)}"));

    private static string Word<T>(T value)
        where T : struct, Enum => value.ToString().ToLowerInvariant();
}
