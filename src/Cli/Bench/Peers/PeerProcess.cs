using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Rag.Cli.Bench.Peers;

/// <summary>
/// A peer's process and its lines: one goes in, one comes back. Whatever else happens (it dies, is silent for too long,
/// or says something else) becomes a <see cref="PeerException"/>. One caller at a time.
/// </summary>
internal sealed class PeerProcess : IAsyncDisposable
{
    private const int KeptErrorLines = 20;

    private readonly string _name;
    private readonly Process _process;
    private readonly int _longestLine;
    private readonly Queue<string> _errors = new();
    private readonly char[] _buffer = new char[4096];
    private int _start;
    private int _end;

    private PeerProcess(string name, Process process, int longestLine)
    {
        _name = name;
        _process = process;
        _longestLine = longestLine;
    }

    /// <param name="name">For messages.</param>
    /// <param name="command">The program with all its arguments.</param>
    /// <param name="folder">Where it runs.</param>
    /// <param name="longestLine">Characters that an answer may have.</param>
    /// <exception cref="PeerException">It cannot be started.</exception>
    public static PeerProcess Start(string name, PeerCommand command, string folder, int longestLine)
    {
        var process = new Process
        {
            StartInfo = new ProcessStartInfo(command.Program, command.Arguments)
            {
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                WorkingDirectory = folder,
            },
        };
        var peer = new PeerProcess(name, process, longestLine);
        process.ErrorDataReceived += (_, line) => peer.KeepError(line.Data);
        try
        {
            process.Start();
        }
        catch (Win32Exception failure)
        {
            process.Dispose();
            throw new PeerException($"{name}: {command.Program} cannot be started: {failure.Message}.", failure);
        }

        process.BeginErrorReadLine();
        return peer;
    }

    /// <summary>Says a line and returns what follows <paramref name="verb"/> in the answer.</summary>
    public async Task<string> AskAsync(string line, string verb, TimeSpan limit, CancellationToken cancellationToken)
    {
        try
        {
            await _process.StandardInput.WriteLineAsync(line.AsMemory(), cancellationToken);
            await _process.StandardInput.FlushAsync(cancellationToken);
        }
        catch (IOException)
        {
            // It has ended: what it said last tells why.
        }

        return await HearAsync(verb, limit, cancellationToken);
    }

    /// <summary>Returns what follows <paramref name="verb"/> in the next line.</summary>
    public async Task<string> HearAsync(string verb, TimeSpan limit, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(limit);
        try
        {
            var answer = await ReadLineAsync(timeout.Token) ?? throw await EndedAsync(timeout.Token);
            if (answer == verb || answer.StartsWith(verb + " ", StringComparison.Ordinal))
                return answer[verb.Length..].TrimStart();
            const string error = "error ";
            throw answer.StartsWith(error, StringComparison.Ordinal)
                ? new PeerException($"{_name}: {answer[error.Length..].TrimEnd('.')}.")
                : new PeerException($"{_name}: it answered '{Shorten(answer)}' where '{verb} …' was expected.");
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new PeerException($"{_name}: it gave no '{verb}' within {limit.TotalMinutes:0} minutes.");
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            _process.Kill(entireProcessTree: true);
            await _process.WaitForExitAsync();
        }
        catch (InvalidOperationException)
        {
            // It ended by itself.
        }

        _process.Dispose();
    }

    private async Task<string?> ReadLineAsync(CancellationToken cancellationToken)
    {
        var line = new StringBuilder();
        while (true)
        {
            var unread = _buffer.AsMemory(_start, _end - _start);
            var length = unread.Span.IndexOf('\n');
            if (line.Length + (length < 0 ? unread.Length : length) > _longestLine)
                throw new PeerException($"{_name}: it answered with a line of more than {_longestLine} characters.");
            line.Append(unread.Span[..(length < 0 ? unread.Length : length)]);
            if (length >= 0)
            {
                _start += length + 1;
                return line.ToString().TrimEnd('\r');
            }

            _start = 0;
            _end = await _process.StandardOutput.ReadAsync(_buffer, cancellationToken);
            if (_end == 0)
                return null;
        }
    }

    private async Task<PeerException> EndedAsync(CancellationToken cancellationToken)
    {
        // Its output may be closed a moment before it ends; waiting also collects what it wrote to standard error.
        await _process.WaitForExitAsync(cancellationToken);
        string last;
        lock (_errors)
            last = _errors.LastOrDefault(line => line.Length > 0) ?? "";
        var reason = last.Length > 0 ? $": {Shorten(last)}" : "";
        return new PeerException($"{_name}: it ended with exit code {_process.ExitCode}{reason}.");
    }

    private void KeepError(string? line)
    {
        if (line is null)
            return;
        lock (_errors)
        {
            _errors.Enqueue(line.Trim());
            if (_errors.Count > KeptErrorLines)
                _errors.Dequeue();
        }
    }

    private static string Shorten(string text) => text.Length <= 120 ? text : text[..120] + "…";
}
