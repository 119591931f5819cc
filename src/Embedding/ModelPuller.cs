using System.Text.Json;
using System.Text.RegularExpressions;
using Microsoft.Extensions.Logging;
using Rag.Embedding.Models;
using Rag.Embedding.Pull;

namespace Rag.Embedding;

/// <summary>
/// Fetches models by their Hugging Face id: what is missing only, with resumed transfers and checked checksums. The
/// model appears in the models folder at once and whole, or not at all. Safe for concurrent use, one pull a model.
/// </summary>
public sealed partial class ModelPuller : IDisposable
{
    private const string StagingFolder = ".pull";
    private const string OriginFile = "origin.json";

    private readonly HttpClient _http;
    private readonly ILogger _logger;
    private readonly TimeProvider _time;

    /// <summary>Creates a puller.</summary>
    /// <param name="loggers">For retries.</param>
    /// <param name="time">The clock of the pauses between attempts; the system's if null.</param>
    public ModelPuller(ILoggerFactory loggers, TimeProvider? time = null)
    {
        ArgumentNullException.ThrowIfNull(loggers);
        _logger = loggers.CreateLogger<ModelPuller>();
        _time = time ?? TimeProvider.System;
        // Stalls have a limit of their own; the whole transfer has none.
        _http = new HttpClient(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false })
        {
            Timeout = Timeout.InfiniteTimeSpan,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd("rag-model-pull/1.0");
    }

    /// <summary>Fetches a model.</summary>
    /// <param name="id">Such as "sentence-transformers/all-MiniLM-L6-v2".</param>
    /// <param name="options">Where from and to.</param>
    /// <param name="progress">Told often; may be null.</param>
    /// <param name="cancellationToken">Stops; a later pull goes on from there.</param>
    /// <returns>The model, ready to be loaded.</returns>
    /// <exception cref="ArgumentException">The id is not one.</exception>
    /// <exception cref="ModelPullException">The hub has no such model, or it could not be fetched.</exception>
    /// <exception cref="ModelFormatException">It was fetched but is of a kind that is not supported.</exception>
    public async Task<ModelInfo> PullAsync(
        string id, ModelPullOptions options, IProgress<ModelPullProgress>? progress, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(id);
        ArgumentNullException.ThrowIfNull(options);
        if (!IdPattern().IsMatch(id) || id.Contains("..", StringComparison.Ordinal))
            throw new ArgumentException($"'{id}' is no model id; one looks like org/name.", nameof(id));

        var target = Path.Combine(Path.GetFullPath(options.ModelsFolder), id.Replace('/', Path.DirectorySeparatorChar));
        var staging = Path.Combine(
            Path.GetFullPath(options.ModelsFolder), StagingFolder, id.Replace("/", "--", StringComparison.Ordinal));
        Directory.CreateDirectory(staging);
        using var alone = Lock(staging, id);
        var hub = new HubClient(_http, options);
        var (commit, offered) = await ListAsync(hub, id, options, cancellationToken).ConfigureAwait(false);
        if (IsHere(target, commit))
            return ModelFolder.Read(target, id);

        var files = HubSelection.Choose(id, offered);
        CheckSize(id, files, options);
        await DownloadAsync(hub, id, commit, files, staging, options, progress, cancellationToken).ConfigureAwait(false);
        var content = Path.Combine(staging, commit);
        await File.WriteAllTextAsync(
            Path.Combine(content, OriginFile),
            JsonSerializer.Serialize(new { id, revision = commit, hub = options.HubAddress.AbsoluteUri }),
            cancellationToken).ConfigureAwait(false);
        ModelFolder.Read(content, id);
        Publish(content, target, staging);
        // Parts of other revisions are of no use any more.
        foreach (var left in Directory.EnumerateDirectories(staging))
            Directory.Delete(left, recursive: true);
        return ModelFolder.Read(target, id);
    }

    /// <inheritdoc/>
    public void Dispose() => _http.Dispose();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,95}(/[A-Za-z0-9][A-Za-z0-9._-]{0,95})?$")]
    private static partial Regex IdPattern();

    [GeneratedRegex("^[A-Za-z0-9][A-Za-z0-9._-]{0,95}$")]
    private static partial Regex CommitPattern();

    private static FileStream Lock(string staging, string id)
    {
        try
        {
            return new FileStream(
                Path.Combine(staging, "lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1,
                FileOptions.DeleteOnClose);
        }
        catch (IOException error)
        {
            throw new ModelPullException($"'{id}' is being pulled already.", error);
        }
    }

    private static bool IsHere(string target, string commit) =>
        JsonFile.Read(Path.Combine(target, OriginFile)) is { } origin && JsonFile.Text(origin, "revision") == commit;

    private static void CheckSize(string id, IReadOnlyList<HubFile> files, ModelPullOptions options)
    {
        var total = files.Sum(file => file.Size ?? 0);
        if (total > options.MaxBytes)
            throw new ModelPullException($"'{id}' has {total} bytes, more than the limit of {options.MaxBytes}.");
    }

    /// <summary>The finished folder takes the place of an older one in two renames.</summary>
    private static void Publish(string content, string target, string staging)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var old = Path.Combine(staging, "old");
        if (Directory.Exists(old))
            Directory.Delete(old, recursive: true);
        if (Directory.Exists(target))
            Directory.Move(target, old);
        Directory.Move(content, target);
        if (Directory.Exists(old))
            Directory.Delete(old, recursive: true);
    }

    private async Task<(string Commit, IReadOnlyDictionary<string, HubFile> Files)> ListAsync(
        HubClient hub, string id, ModelPullOptions options, CancellationToken cancellationToken)
    {
        try
        {
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            limit.CancelAfter(options.StallTimeout);
            var listing = await hub.ListAsync(id, limit.Token).ConfigureAwait(false);
            return CommitPattern().IsMatch(listing.Commit)
                ? listing
                : throw new ModelPullException($"The hub names a commit '{listing.Commit}', which cannot be one.");
        }
        catch (Exception error) when (!cancellationToken.IsCancellationRequested
            && error is HttpRequestException or IOException or OperationCanceledException)
        {
            throw new ModelPullException(
                $"The hub {options.HubAddress.GetLeftPart(UriPartial.Authority)} cannot be reached ({error.Message}). Name "
                + "another with --address, or copy the model's files into the models folder by hand.",
                error);
        }
    }

    private async Task DownloadAsync(
        HubClient hub, string id, string commit, IReadOnlyList<HubFile> files, string staging, ModelPullOptions options,
        IProgress<ModelPullProgress>? progress, CancellationToken cancellationToken)
    {
        long? total = files.All(file => file.Size is not null) ? files.Sum(file => file.Size!.Value) : null;
        long done = 0;
        foreach (var file in files)
        {
            var before = done;
            var download = new FileDownload(
                hub, options, id, commit, file, Path.Combine(staging, commit, file.Path), _time, _logger);
            await download.RunAsync(
                (here, size) =>
                {
                    done = before + here;
                    progress?.Report(new ModelPullProgress(file.Path, here, size, done, total));
                },
                cancellationToken).ConfigureAwait(false);
        }
    }
}
