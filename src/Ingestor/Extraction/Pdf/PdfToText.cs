using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace Rag.Ingestor.Extraction;

/// <summary>
/// Runs pdftotext (poppler-utils) as a child process, which is where a broken PDF may crash, loop or eat memory without
/// harm: address space, CPU time and output are limited by prlimit where it is installed, wall time always.
/// </summary>
internal sealed class PdfToText(ExtractionOptions options)
{
    private const int KeptErrorCharacters = 16 * 1024;
    private const int LongestPageGap = 4;

    /// <summary>
    /// The text of a PDF file in a temporary file of UTF-8, pages divided by form feeds. The caller deletes it.
    /// </summary>
    public async Task<string> ConvertAsync(string pdfPath, CancellationToken cancellationToken)
    {
        var program = FindProgram(options.PdfToTextProgram) ?? throw ExtractionException.MissingTool(
            "PDF files are read by pdftotext, which is not installed; "
            + "install poppler-utils (apt-get install poppler-utils) and retry.");
        var textPath = Path.Combine(options.TemporaryFolder, $"{TemporaryFile.Prefix}{Guid.NewGuid():N}.txt");
        try
        {
            var (exitCode, errors) = await RunAsync(program, pdfPath, textPath, cancellationToken);
            Check(exitCode, errors, textPath);
            return textPath;
        }
        catch
        {
            File.Delete(textPath);
            throw;
        }
    }

    /// <summary>Full path of a program, or null where it is neither a file nor on the PATH.</summary>
    internal static string? FindProgram(string name)
    {
        if (Path.IsPathRooted(name))
            return File.Exists(name) ? name : null;
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator);
        return folders.Where(folder => folder.Length > 0)
            .Select(folder => Path.Combine(folder, name))
            .FirstOrDefault(File.Exists);
    }

    private async Task<(int ExitCode, string Errors)> RunAsync(
        string program, string pdfPath, string textPath, CancellationToken cancellationToken)
    {
        using var process = new Process { StartInfo = StartInfo(program, pdfPath, textPath) };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception cannotStart)
        {
            throw ExtractionException.MissingTool(
                $"The program {options.PdfToTextProgram} cannot be started; reinstall poppler-utils and "
                + $"retry.", cannotStart);
        }

        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(options.TimeLimit);
        try
        {
            process.StandardInput.Close();
            var errors = ReadErrorsAsync(process.StandardError, timeout.Token);
            await process.WaitForExitAsync(timeout.Token);
            return (process.ExitCode, await errors);
        }
        catch (OperationCanceledException)
        {
            process.Kill(entireProcessTree: true);
            await process.WaitForExitAsync(CancellationToken.None);
            cancellationToken.ThrowIfCancellationRequested();
            throw new ExtractionException(Extraction.TimeExceeded(options));
        }
    }

    private ProcessStartInfo StartInfo(string program, string pdfPath, string textPath)
    {
        string[] arguments = ["-enc", "UTF-8", "-eol", "unix", pdfPath, textPath];
        var limiter = FindProgram("prlimit");
        var outputBytes = Math.Min(options.MaxCharacters, long.MaxValue / 8) * 4;
        var cpuSeconds = Math.Max(1, (long)options.TimeLimit.TotalSeconds);
        var start = limiter is null
            ? new ProcessStartInfo(program, arguments)
            : new ProcessStartInfo(limiter, [
                $"--as={options.PdfMemoryBytes.ToString(CultureInfo.InvariantCulture)}",
                $"--cpu={cpuSeconds.ToString(CultureInfo.InvariantCulture)}",
                $"--fsize={outputBytes.ToString(CultureInfo.InvariantCulture)}",
                "--core=0", program, .. arguments]);
        start.RedirectStandardError = true;
        start.RedirectStandardInput = true;
        start.UseShellExecute = false;
        start.Environment["LC_ALL"] = "C";
        return start;
    }

    /// <summary>Reads to the end, so that the child never waits for room, and keeps the first part.</summary>
    private static async Task<string> ReadErrorsAsync(StreamReader errors, CancellationToken cancellationToken)
    {
        var kept = new StringBuilder();
        var buffer = new char[1024];
        int read;
        while ((read = await errors.ReadAsync(buffer, cancellationToken)) > 0)
        {
            if (kept.Length < KeptErrorCharacters)
                kept.Append(buffer, 0, read);
        }

        return kept.ToString();
    }

    private void Check(int exitCode, string errors, string textPath)
    {
        if (exitCode == 0)
        {
            // A file that only complained and gave nothing but page breaks is broken, not a scan.
            if (errors.Contains("Syntax Error", StringComparison.Ordinal) && new FileInfo(textPath).Length <= LongestPageGap)
                throw ExtractionException.Corrupt("The PDF is damaged and no text can be read from it; send it again.");
            return;
        }

        if (errors.Contains("password", StringComparison.OrdinalIgnoreCase))
            throw ExtractionException.Encrypted("The PDF needs a password; remove the protection and send it again.");
        // 128 + signal: prlimit's limits end the child by SIGXCPU (24) and SIGXFSZ (25), failed allocations by SIGABRT (6).
        if (exitCode is 128 + 24)
            throw new ExtractionException(Extraction.TimeExceeded(options));
        if (exitCode is 128 + 25)
            throw ExtractionException.Limit(
                $"The PDF holds more than {options.MaxCharacters:N0} characters of text; split it.");
        if (exitCode is 128 + 6 || errors.Contains("Out of memory", StringComparison.OrdinalIgnoreCase))
            throw ExtractionException.Limit(
                $"Reading the PDF takes more than {options.PdfMemoryBytes >> 20:N0} MiB of memory; split or "
                + $"simplify it.");
        throw ExtractionException.Corrupt("The PDF is damaged or cut off and cannot be read; send it again.");
    }
}
