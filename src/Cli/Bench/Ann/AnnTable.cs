using System.Globalization;

namespace Rag.Cli.Bench.Ann;

/// <summary>
/// The report for people: a block for each recall target with a line for each engine. "rag is" says how many times the
/// queries a second of that engine ours answers.
/// </summary>
internal sealed class AnnTable(AnnReport report)
{
    private readonly string _allThreads = $"{report.Threads} threads / 1";

    public void Write(TextWriter output)
    {
        Line(output, $"{report.Title}");
        Line(output, $"built in {report.BuildSeconds:0.0} s with {report.BuildThreads} thread(s), {report.InsertRate:N0} vectors/s");
        Line(output, $"{report.BytesResidentPerVector:0} bytes a vector in memory, {report.BytesDiskPerVector:0} on disk");
        foreach (var peer in report.Peers)
        {
            Line(output, peer.Error is null
                ? $"{peer.Name} built in {peer.BuildSeconds:0.0} s: rag takes {report.BuildSeconds / peer.BuildSeconds:0.00} × its time"
                : (FormattableString)$"{peer.Error}");
        }

        var shown = report.Peers.Where(peer => peer.Error is null).ToList();
        output.WriteLine();
        var heading = FormattableString.Invariant($"  {"engine",-16}{"recall",8}{"effort",9}{"queries/s",12}");
        output.WriteLine(heading + (shown.Count > 0 ? $"{"rag is",10}" : "") + (report.Threads > 1 ? $"{_allThreads,16}" : ""));
        for (var i = 0; i < report.Results.Count; i++)
        {
            var ours = report.Results[i];
            Line(output, $"target {ours.Target:0.000}");
            Row(output, OwnIndex.EngineName, ours, null, report.Scaling, shown.Count > 0);
            foreach (var peer in shown)
                Row(output, peer.Name, peer.Results[i], ours.Qps, peer.Scaling, true);
        }
    }

    private static void Row(TextWriter output, string name, AnnResult result, double? ours,
        IReadOnlyList<AnnScaling> scaling, bool compared)
    {
        if (result.Qps is not { } qps)
        {
            Line(output, $"  {name,-16}{result.Recall,8:0.0000}{result.Effort,9}   not reached");
            return;
        }

        var ratio = ours is { } own ? string.Create(CultureInfo.InvariantCulture, $"{own / qps:0.00} ×") : "";
        var gain = scaling.FirstOrDefault(item => item.Target == result.Target)?.Gain;
        var text = string.Create(CultureInfo.InvariantCulture, $"  {name,-16}{result.Recall,8:0.0000}{result.Effort,9}{qps,12:N0}")
            + (compared ? $"{ratio,10}" : "")
            + (gain is { } g ? string.Create(CultureInfo.InvariantCulture, $"{g,14:0.00} ×") : "");
        output.WriteLine(text.TrimEnd());
    }

    private static void Line(TextWriter output, FormattableString line) =>
        output.WriteLine(line.ToString(CultureInfo.InvariantCulture));
}
