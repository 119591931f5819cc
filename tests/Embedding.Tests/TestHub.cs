using System.Collections.Concurrent;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Rag.Embedding.Tests;

/// <summary>
/// A hub on loopback that lays files out like Hugging Face's: a listing with sizes and checksums, small files answered
/// directly, large ones redirected to another path, ranges honoured. Faults can be switched on.
/// </summary>
internal sealed class TestHub : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly Dictionary<string, byte[]> _files;

    private TestHub(WebApplication app, Dictionary<string, byte[]> files)
    {
        _app = app;
        _files = files;
    }

    public Uri Address { get; private set; } = null!;

    /// <summary>The commit that the listing names.</summary>
    public string Commit { get; set; } = "c0ffee";

    /// <summary>Every request: path, and the range that it asked for.</summary>
    public ConcurrentQueue<(string Path, string? Range, string? Authorization)> Requests { get; } = new();

    /// <summary>Breaks the connection after so many bytes of a body; counts down.</summary>
    public (int Times, int AfterBytes) Break { get; set; }

    /// <summary>Awaited before the connection breaks, with the bytes of the file that were sent in all.</summary>
    public Func<int, Task> BeforeBreak { get; set; } = _ => Task.CompletedTask;

    /// <summary>Answers so many requests for files with 503 first.</summary>
    public int Unavailable { get; set; }

    /// <summary>Sends other bytes than the listing says.</summary>
    public bool Corrupt { get; set; }

    public bool RequireToken { get; set; }

    public static async Task<TestHub> StartAsync(Dictionary<string, byte[]> files)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseKestrel().UseUrls("http://127.0.0.1:0");
        var app = builder.Build();
        var hub = new TestHub(app, files);
        app.MapGet("/api/models/{org}/{name}/revision/{revision}", hub.ListAsync);
        app.MapGet("/{org}/{name}/resolve/{revision}/{**file}", hub.ResolveAsync);
        app.MapGet("/cdn/{**file}", hub.SendAsync);
        await app.StartAsync();
        hub.Address = new Uri(app.Urls.First());
        return hub;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private static bool IsLarge(string file) => file.EndsWith(".onnx", StringComparison.Ordinal);

    private static string Sha256(byte[] content) => Convert.ToHexStringLower(SHA256.HashData(content));

    private static string BlobId(byte[] content) =>
        Convert.ToHexStringLower(SHA1.HashData([.. Encoding.ASCII.GetBytes($"blob {content.Length}\0"), .. content]));

    private async Task ListAsync(HttpContext context)
    {
        Note(context);
        if (RequireToken && context.Request.Headers.Authorization != "Bearer secret")
        {
            context.Response.StatusCode = 401;
            return;
        }

        if ((string?)context.GetRouteValue("org") != "org")
        {
            context.Response.StatusCode = 404;
            return;
        }

        await context.Response.WriteAsJsonAsync(new
        {
            sha = Commit,
            siblings = _files.Select(file => IsLarge(file.Key)
                ? (object)new { rfilename = file.Key, size = file.Value.Length, lfs = new { sha256 = Sha256(file.Value) } }
                : new { rfilename = file.Key, size = file.Value.Length, blobId = BlobId(file.Value) }),
        });
    }

    private async Task ResolveAsync(HttpContext context)
    {
        var file = (string)context.GetRouteValue("file")!;
        if (!_files.TryGetValue(file, out var content))
        {
            Note(context);
            context.Response.StatusCode = 404;
            return;
        }

        if (!IsLarge(file))
        {
            await SendAsync(context);
            return;
        }

        Note(context);
        context.Response.Headers["X-Linked-Etag"] = $"\"{Sha256(content)}\"";
        context.Response.Headers["X-Linked-Size"] = content.Length.ToString();
        context.Response.Redirect("/cdn/" + file);
    }

    private async Task SendAsync(HttpContext context)
    {
        Note(context);
        if (Unavailable > 0)
        {
            Unavailable--;
            context.Response.StatusCode = 503;
            return;
        }

        var content = _files[(string)context.GetRouteValue("file")!];
        var tag = $"\"{Sha256(content)}\"";
        var from = 0;
        var range = context.Request.GetTypedHeaders().Range;
        var ifRange = context.Request.Headers.IfRange.ToString();
        if (range is not null && (ifRange.Length == 0 || ifRange == tag))
        {
            from = (int)range.Ranges.First().From!.Value;
            context.Response.StatusCode = 206;
            context.Response.Headers.ContentRange = $"bytes {from}-{content.Length - 1}/{content.Length}";
        }

        context.Response.Headers.ETag = tag;
        context.Response.ContentLength = content.Length - from;
        var body = content[from..];
        if (Corrupt)
            body[^1] ^= 1;
        if (Break.Times > 0 && body.Length > Break.AfterBytes)
        {
            Break = (Break.Times - 1, Break.AfterBytes);
            await context.Response.Body.WriteAsync(body.AsMemory(0, Break.AfterBytes));
            await context.Response.Body.FlushAsync();
            await BeforeBreak(from + Break.AfterBytes);
            context.Abort();
            return;
        }

        await context.Response.Body.WriteAsync(body);
    }

    private void Note(HttpContext context) => Requests.Enqueue(
        (context.Request.Path, context.Request.Headers.Range.FirstOrDefault(),
            context.Request.Headers.Authorization.FirstOrDefault()));
}
