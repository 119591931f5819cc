using System.Globalization;
using Rag.Cli.Bench.Ann;
using Rag.Cli.Composition;

namespace Rag.Cli.Bench.Peers;

/// <summary>Another library, in a process of its own, behind the lines of <c>bench/peers/driver.hpp</c>.</summary>
internal sealed class PeerEngine : IAnnEngine
{
    // What libraries are compared at everywhere; our own index may be given other values.
    private const int M = 16;
    private const int EfConstruction = 200;
    private const int MaxDigits = 12;

    private static readonly TimeSpan BuildLimit = TimeSpan.FromHours(6);
    private static readonly TimeSpan AnswerLimit = TimeSpan.FromMinutes(30);

    private readonly PeerProcess _process;
    private readonly TemporaryDataFolder _folder;
    private readonly int _queries;
    private readonly int _k;

    private PeerEngine(string name, PeerProcess process, TemporaryDataFolder folder, int queries, int k)
    {
        Name = name;
        _process = process;
        _folder = folder;
        _queries = queries;
        _k = k;
    }

    public string Name { get; }

    /// <summary>What it says it is: library, version, form of the vectors.</summary>
    public string Description { get; private set; } = "";

    /// <param name="peer">Which one.</param>
    /// <param name="options">Data and metric.</param>
    /// <param name="queries">Queries in the file.</param>
    /// <param name="k">Hits a query asks for.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="PeerException">It is not installed, cannot be started, or says that it cannot do this.</exception>
    public static async Task<PeerEngine> StartAsync(
        AnnPeer peer, AnnBenchmarkOptions options, int queries, int k, CancellationToken cancellationToken)
    {
        var command = await peer.PrepareAsync(cancellationToken);
        var folder = new TemporaryDataFolder();
        PeerProcess? process = null;
        try
        {
            var arguments = (string[])
            [
                .. command.Arguments, peer.Name, Path.GetFullPath(options.BasePath), Path.GetFullPath(options.QueriesPath),
                MetricName.Of(options.Metric), k.ToString(CultureInfo.InvariantCulture),
            ];
            var longestLine = Math.Max(4096, checked(queries * k * MaxDigits));
            process = PeerProcess.Start(peer.Name, command with { Arguments = arguments }, folder.Data.Path, longestLine);
            var engine = new PeerEngine(peer.Name, process, folder, queries, k);
            engine.Description = await process.HearAsync("ready", AnswerLimit, cancellationToken);
            return engine;
        }
        catch
        {
            if (process is not null)
                await process.DisposeAsync();
            folder.Dispose();
            throw;
        }
    }

    public async Task<double> BuildAsync(int threads, CancellationToken cancellationToken) => ReadNumber(
        await _process.AskAsync($"build {threads} {M} {EfConstruction}", "built", BuildLimit, cancellationToken));

    public async Task<int[]> SearchAsync(int effort, int threads, CancellationToken cancellationToken)
    {
        var text = await _process.AskAsync($"search {effort} {threads}", "found", AnswerLimit, cancellationToken);
        var words = text.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words.Length != _queries * _k)
            throw new PeerException($"{Name}: it found {words.Length} rows where {_queries} × {_k} were expected.");
        return Array.ConvertAll(words, word => int.TryParse(word, CultureInfo.InvariantCulture, out var id)
            ? id
            : throw new PeerException($"{Name}: it found '{word}', which is no row."));
    }

    public async Task<AnnPass> TimeAsync(int effort, int threads, TimeSpan atLeast, CancellationToken cancellationToken)
    {
        var line = FormattableString.Invariant($"time {effort} {threads} {atLeast.TotalSeconds}");
        var text = await _process.AskAsync(line, "timed", AnswerLimit, cancellationToken);
        var words = text.Split(' ', 2);
        var (queries, seconds) = (ReadNumber(words[0]), ReadNumber(words.Length > 1 ? words[1] : ""));
        if (queries < _queries || seconds <= 0)
            throw new PeerException($"{Name}: it timed {queries} queries in {seconds} s where {_queries} or more were expected.");
        return new AnnPass((long)queries, seconds);
    }

    public async ValueTask DisposeAsync()
    {
        await _process.DisposeAsync();
        _folder.Dispose();
    }

    private double ReadNumber(string word) =>
        double.TryParse(word, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number)
            ? number
            : throw new PeerException($"{Name}: it said '{word}' where a number was expected.");
}
