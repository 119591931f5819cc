using System.Net;
using Microsoft.Extensions.Logging;

namespace Rag.Embedding.Pull;

/// <summary>
/// Fetches one file into its place, going on where an earlier attempt stopped: bytes gather in "NAME.part", the entity
/// tag they belong to in "NAME.tag". A finished file has been checked against size and checksum.
/// </summary>
internal sealed class FileDownload(
    HubClient hub, ModelPullOptions options, string id, string commit, HubFile file, string target, TimeProvider time,
    ILogger logger)
{
    private static readonly TimeSpan MaxRetryDelay = TimeSpan.FromSeconds(30);

    private readonly string _part = target + ".part";
    private readonly string _tag = target + ".tag";

    /// <summary>Fetches the file unless it is here.</summary>
    /// <param name="progress">Told the bytes that are here and the size, if known.</param>
    /// <param name="cancellationToken">Stops; what is here is kept.</param>
    /// <exception cref="ModelPullException">It cannot be had, or is not what the hub says it is.</exception>
    public async Task RunAsync(Action<long, long?> progress, CancellationToken cancellationToken)
    {
        if (File.Exists(target))
        {
            progress(new FileInfo(target).Length, file.Size);
            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(target)!);
        var delay = options.RetryDelay;
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await AttemptAsync(progress, cancellationToken).ConfigureAwait(false);
                return;
            }
            catch (Exception error) when (IsTransient(error) && !cancellationToken.IsCancellationRequested)
            {
                if (attempt >= options.Attempts)
                {
                    throw new ModelPullException(
                        $"'{file.Path}' of '{id}' could not be fetched in {attempt} attempts ({error.Message}). Run the "
                        + "same command again: it goes on where this one stopped.",
                        error);
                }

                EmbeddingLog.PullRetried(logger, file.Path, attempt, error.Message);
                await Task.Delay(delay, time, cancellationToken).ConfigureAwait(false);
                delay = delay * 2 < MaxRetryDelay ? delay * 2 : MaxRetryDelay;
            }
        }
    }

    private static bool IsTransient(Exception error) => error switch
    {
        HttpRequestException { StatusCode: { } status } => (int)status is 408 or 425 or 429 or >= 500,
        HttpRequestException or IOException or OperationCanceledException => true,
        _ => false,
    };

    private async Task AttemptAsync(Action<long, long?> progress, CancellationToken cancellationToken)
    {
        var here = File.Exists(_part) ? new FileInfo(_part).Length : 0;
        // Bytes of unknown origin are of no use.
        var tag = here > 0 && File.Exists(_tag)
            ? await File.ReadAllTextAsync(_tag, cancellationToken).ConfigureAwait(false)
            : null;
        if (tag is null)
            here = 0;
        using var stall = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        stall.CancelAfter(options.StallTimeout);
        var (response, checksum) = await hub.OpenAsync(id, commit, file.Path, here, tag, stall.Token).ConfigureAwait(false);
        using (response)
        {
            if (response.StatusCode == HttpStatusCode.RequestedRangeNotSatisfiable)
            {
                // Everything may be here already; else start over.
                if (file.Size != here)
                {
                    File.Delete(_part);
                    throw new IOException("the hub does not know the range that is missing");
                }
            }
            else
            {
                var resumed = response.StatusCode == HttpStatusCode.PartialContent;
                if (resumed && response.Content.Headers.ContentRange?.From != here)
                    throw new IOException("the hub answered another range than was asked for");
                await File.WriteAllTextAsync(_tag, response.Headers.ETag?.ToString() ?? "", cancellationToken)
                    .ConfigureAwait(false);
                var size = response.Content.Headers.ContentLength is { } length ? length + (resumed ? here : 0) : file.Size;
                await CopyAsync(response, resumed ? here : 0, size, progress, stall).ConfigureAwait(false);
            }
        }

        await FinishAsync(file.Checksum ?? checksum, cancellationToken).ConfigureAwait(false);
    }

    private async Task CopyAsync(
        HttpResponseMessage response, long from, long? size, Action<long, long?> progress, CancellationTokenSource stall)
    {
        if (size > options.MaxBytes)
            throw new ModelPullException($"'{file.Path}' has {size} bytes, more than the limit of {options.MaxBytes}.");
        var source = await response.Content.ReadAsStreamAsync(stall.Token).ConfigureAwait(false);
        var sink = new FileStream(
            _part, from > 0 ? FileMode.Append : FileMode.Create, FileAccess.Write, FileShare.None, 1, useAsync: true);
        await using (sink.ConfigureAwait(false))
        await using (source.ConfigureAwait(false))
        {
            var here = from;
            var buffer = new byte[1 << 17];
            progress(here, size);
            while (true)
            {
                stall.CancelAfter(options.StallTimeout);
                var read = await source.ReadAsync(buffer, stall.Token).ConfigureAwait(false);
                if (read == 0)
                    break;
                here += read;
                if (here > options.MaxBytes)
                    throw new ModelPullException($"'{file.Path}' has more bytes than the limit of {options.MaxBytes}.");
                await sink.WriteAsync(buffer.AsMemory(0, read), stall.Token).ConfigureAwait(false);
                progress(here, size);
            }

            if (size is { } expected && here < expected)
                throw new IOException($"the transfer ended after {here} of {expected} bytes");
            await sink.FlushAsync(stall.Token).ConfigureAwait(false);
            sink.Flush(flushToDisk: true);
        }
    }

    private async Task FinishAsync(HubChecksum? checksum, CancellationToken cancellationToken)
    {
        var size = new FileInfo(_part).Length;
        var fault = file.Size is { } expected && size != expected ? $"has {size} bytes instead of {expected}"
            : checksum is not null && !await checksum.MatchesAsync(_part, cancellationToken).ConfigureAwait(false)
                ? "does not have the checksum that the hub names"
                : null;
        if (fault is not null)
        {
            File.Delete(_part);
            File.Delete(_tag);
            throw new ModelPullException($"'{file.Path}' of '{id}' {fault}. It was deleted; run the command again.");
        }

        File.Move(_part, target, overwrite: true);
        File.Delete(_tag);
    }
}
