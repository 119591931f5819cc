namespace Rag.Cli.Bench.Ann;

/// <summary>Turns what was measured into a report.</summary>
internal static class AnnReports
{
    /// <param name="contestants">Ours first, then the peers.</param>
    public static AnnReport Create(
        AnnBenchmarkOptions options, OwnIndex own, int count, int dimension, int k, IReadOnlyList<Contestant> contestants)
    {
        var ours = contestants[0];
        var seconds = ours.BuildSeconds!.Value;
        return new AnnReport
        {
            Cpu = BenchMachine.Cpu,
            Cores = Environment.ProcessorCount,
            VectorBits = BenchMachine.VectorBits,
            Pinned = ThreadAffinity.IsSupported,
            N = count,
            Dim = dimension,
            Metric = MetricName.Of(options.Metric),
            Codec = options.Codec.ToString().ToLowerInvariant(),
            K = k,
            Threads = options.Threads,
            BuildThreads = options.BuildThreads ?? options.Threads,
            BuildSeconds = Math.Round(seconds, 3),
            InsertRate = Math.Round(count / seconds, 1),
            BytesResidentPerVector = Math.Round(own.MemoryBytes / (double)count, 1),
            BytesDiskPerVector = Math.Round(own.DiskBytes / (double)count, 1),
            Results = Results(ours, options.Threads),
            Scaling = Scaling(ours, options.Threads),
            Peers =
            [
                .. contestants.Skip(1).Select(peer => new AnnPeerReport(
                    peer.Name, peer.BuildSeconds is { } built ? Math.Round(built, 3) : null, Results(peer, options.Threads),
                    Scaling(peer, options.Threads), peer.Error)),
            ],
        };
    }

    private static List<AnnResult> Results(Contestant contestant, int threads) => contestant.Error is not null
        ? []
        :
        [
            .. contestant.Efforts.Select(found => new AnnResult(
                found.Target, Math.Round(found.Recall, 5), Round(contestant.MedianQps(found.Target, threads)), found.Effort)),
        ];

    private static List<AnnScaling> Scaling(Contestant contestant, int threads)
    {
        var scaling = new List<AnnScaling>();
        foreach (var target in contestant.Efforts.Select(found => found.Target))
        {
            if (threads > 1 && contestant.MedianQps(target, 1) is { } one && contestant.MedianQps(target, threads) is { } all)
                scaling.Add(new AnnScaling(target, Math.Round(one, 1), Math.Round(all / one, 3)));
        }

        return scaling;
    }

    private static double? Round(double? qps) => qps is { } value ? Math.Round(value, 1) : null;
}
