using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace Rag.Embedding.Pull;

/// <summary>
/// Speaks to a hub: lists a repository and opens files. Redirects are followed by hand, because the first answer names
/// the checksum and only the hub itself may see the access token. Safe for concurrent use.
/// </summary>
internal sealed class HubClient(HttpClient http, ModelPullOptions options)
{
    private const int MaxRedirects = 5;
    private const int MaxListing = 32 << 20;
    private const int MaxFiles = 20_000;

    /// <summary>Lists a repository at a revision.</summary>
    /// <returns>The commit, and its files by path.</returns>
    public async Task<(string Commit, IReadOnlyDictionary<string, HubFile> Files)> ListAsync(
        string id, CancellationToken cancellationToken)
    {
        var address = Address($"api/models/{id}/revision/{Uri.EscapeDataString(options.Revision)}?blobs=true");
        using var response = await SendAsync(() => new HttpRequestMessage(HttpMethod.Get, address), cancellationToken)
            .ConfigureAwait(false);
        Check(response, $"'{id}' at revision '{options.Revision}'");
        if (response.Content.Headers.ContentLength > MaxListing)
            throw new ModelPullException($"The hub's listing of '{id}' has more than {MaxListing} bytes.");
        try
        {
            var stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
            await using (stream.ConfigureAwait(false))
            {
                using var json = await JsonDocument.ParseAsync(stream, default, cancellationToken).ConfigureAwait(false);
                return ReadListing(id, json.RootElement);
            }
        }
        catch (Exception error) when (error is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            throw new ModelPullException($"What {address} answers is no listing of a model.", error);
        }
    }

    /// <summary>Opens a file from a byte on.</summary>
    /// <param name="id">The repository.</param>
    /// <param name="commit">The commit that was listed.</param>
    /// <param name="path">The file.</param>
    /// <param name="from">First byte.</param>
    /// <param name="entityTag">What the earlier part was fetched as; the hub starts over if it has changed.</param>
    /// <param name="cancellationToken">Breaks the transfer off.</param>
    /// <returns>The answer, to be disposed, and the checksum that the hub itself gave.</returns>
    public async Task<(HttpResponseMessage Response, HubChecksum? Checksum)> OpenAsync(
        string id, string commit, string path, long from, string? entityTag, CancellationToken cancellationToken)
    {
        var address = Address($"{id}/resolve/{Uri.EscapeDataString(commit)}/{path}");
        HubChecksum? checksum = null;
        var response = await SendAsync(NewRequest, cancellationToken, Note).ConfigureAwait(false);
        try
        {
            if (response.StatusCode != HttpStatusCode.RequestedRangeNotSatisfiable)
                Check(response, $"file '{path}' of '{id}'");
            return (response, checksum);
        }
        catch
        {
            response.Dispose();
            throw;
        }

        HttpRequestMessage NewRequest()
        {
            var request = new HttpRequestMessage(HttpMethod.Get, address);
            // Compressed answers could not be resumed.
            request.Headers.AcceptEncoding.Add(new StringWithQualityHeaderValue("identity"));
            if (from > 0)
            {
                request.Headers.Range = new RangeHeaderValue(from, null);
                if (entityTag is not null && EntityTagHeaderValue.TryParse(entityTag, out var tag) && !tag.IsWeak)
                    request.Headers.IfRange = new RangeConditionHeaderValue(tag);
            }

            return request;
        }

        void Note(HttpResponseMessage hop) => checksum ??=
            HubChecksum.Parse(hop.Headers.TryGetValues("X-Linked-Etag", out var linked) ? linked.FirstOrDefault() : null)
            ?? HubChecksum.Parse(hop.Headers.ETag?.Tag);
    }

    private static (string Commit, IReadOnlyDictionary<string, HubFile> Files) ReadListing(string id, JsonElement root)
    {
        var files = new Dictionary<string, HubFile>(StringComparer.Ordinal);
        foreach (var sibling in root.GetProperty("siblings").EnumerateArray())
        {
            var path = sibling.GetProperty("rfilename").GetString()!;
            long? size = sibling.TryGetProperty("size", out var bytes) && bytes.TryGetInt64(out var number) ? number : null;
            var checksum = sibling.TryGetProperty("lfs", out var lfs) && lfs.ValueKind == JsonValueKind.Object
                ? lfs.TryGetProperty("sha256", out var sha) ? HubChecksum.Parse(sha.GetString()) : null
                : sibling.TryGetProperty("blobId", out var blob) ? HubChecksum.Parse(blob.GetString()) : null;
            files[path] = new HubFile(path, size, checksum);
            if (files.Count > MaxFiles)
                throw new ModelPullException($"'{id}' has more than {MaxFiles} files.");
        }

        var commit = root.TryGetProperty("sha", out var head) ? head.GetString() : null;
        return (commit ?? "main", files);
    }

    private static void Check(HttpResponseMessage response, string what)
    {
        if (response.IsSuccessStatusCode)
            return;
        throw response.StatusCode switch
        {
            HttpStatusCode.NotFound => new ModelPullException($"The hub has no {what}."),
            HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden => new ModelPullException(
                $"The hub refuses {what}: it does not exist, or needs an access token with the right to read it."),
            _ => new HttpRequestException(
                $"The hub answered {(int)response.StatusCode} to {what}.", null, response.StatusCode),
        };
    }

    private Uri Address(string relative)
    {
        var text = options.HubAddress.AbsoluteUri;
        return new Uri(new Uri(text.EndsWith('/') ? text : text + '/'), relative);
    }

    private async Task<HttpResponseMessage> SendAsync(
        Func<HttpRequestMessage> newRequest, CancellationToken cancellationToken,
        Action<HttpResponseMessage>? note = null)
    {
        Uri? target = null;
        for (var hop = 0; ; hop++)
        {
            using var request = newRequest();
            target ??= request.RequestUri!;
            request.RequestUri = target;
            if (options.AccessToken is not null && SameOrigin(target, options.HubAddress))
                request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", options.AccessToken);
            var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken)
                .ConfigureAwait(false);
            note?.Invoke(response);
            if ((int)response.StatusCode is not (301 or 302 or 303 or 307 or 308)
                || response.Headers.Location is not { } location)
                return response;
            response.Dispose();
            var next = new Uri(target, location);
            if (hop == MaxRedirects)
                throw new ModelPullException($"The hub redirects in circles to {target}.");
            if (target.Scheme == Uri.UriSchemeHttps && next.Scheme != Uri.UriSchemeHttps)
                throw new ModelPullException($"The hub redirects to {next.GetLeftPart(UriPartial.Authority)} without TLS.");
            target = next;
        }
    }

    private static bool SameOrigin(Uri a, Uri b) => a.Scheme == b.Scheme && a.Host == b.Host && a.Port == b.Port;
}
