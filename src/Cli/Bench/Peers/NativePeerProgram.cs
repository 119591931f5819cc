using System.ComponentModel;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using Rag.Cli.Composition;

namespace Rag.Cli.Bench.Peers;

/// <summary>
/// A peer that is a C++ library: one program of ours over it, compiled for the processor at hand and kept beside other
/// state of the program, by a hash of its sources, the compiler's arguments and the processor.
/// </summary>
internal sealed class NativePeerProgram(string source, string debianPackages, params string[] libraries)
{
    private static readonly TimeSpan CompileLimit = TimeSpan.FromMinutes(5);
    private static readonly string[] Flags = ["-std=c++17", "-O3", "-march=native", "-DNDEBUG", "-fopenmp"];

    public static readonly NativePeerProgram Hnswlib = new("hnswlib.cpp", "g++ libhnswlib-dev");

    // The library is built without AVX; our sources bring its two distance loops compiled for this processor.
    public static readonly NativePeerProgram Faiss = new(
        "faiss.cpp", "g++ libfaiss-dev libblas-dev liblapack-dev",
        "-Wl,--allow-multiple-definition", "-lfaiss", "-llapack", "-lblas");

    /// <exception cref="PeerException">There is no compiler, no library, or it does not compile.</exception>
    public Task<PeerCommand> CompileAsync(string name, CancellationToken cancellationToken) => CompileAsync(
        name, Path.Combine(DataFolder.Resolve(null).Path, "..", "peers"), cancellationToken);

    /// <param name="name">The peer, for messages.</param>
    /// <param name="cache">Folder of compiled programs.</param>
    /// <param name="cancellationToken">Ends the compiler.</param>
    public async Task<PeerCommand> CompileAsync(string name, string cache, CancellationToken cancellationToken)
    {
        var folder = PeerCatalog.SourceFolder
            ?? throw new PeerException($"{name}: its program lies in the source tree, which is not beside this one.");
        var program = Path.Combine(
            Path.GetFullPath(cache), $"{Path.GetFileNameWithoutExtension(source)}-{Fingerprint(folder)}");
        if (!File.Exists(program))
        {
            Directory.CreateDirectory(cache);
            // Two at once do not see each other's half-written program.
            var temporary = $"{program}.{Environment.ProcessId}";
            await RunCompilerAsync(name, [.. Flags, Path.Combine(folder, source), "-o", temporary, .. libraries], cancellationToken);
            File.Move(temporary, program, overwrite: true);
        }

        return new PeerCommand(program, []);
    }

    private string Fingerprint(string folder)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Join('\n', [BenchMachine.Cpu, source, .. Flags, .. libraries])));
        foreach (var file in Directory.EnumerateFiles(folder, "*.?pp").Order(StringComparer.Ordinal))
            hash.AppendData(File.ReadAllBytes(file));
        return Convert.ToHexStringLower(hash.GetHashAndReset())[..16];
    }

    private async Task RunCompilerAsync(string name, string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("g++", arguments) { RedirectStandardError = true, RedirectStandardOutput = true };
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(CompileLimit);
        Process compiler;
        try
        {
            compiler = Process.Start(start)!;
        }
        catch (Win32Exception missing)
        {
            throw new PeerException($"{name}: there is no C++ compiler here; {Advice()}.", missing);
        }

        using (compiler)
        {
            try
            {
                var errors = compiler.StandardError.ReadToEndAsync(limit.Token);
                await compiler.StandardOutput.ReadToEndAsync(limit.Token);
                await compiler.WaitForExitAsync(limit.Token);
                if (compiler.ExitCode != 0)
                    throw new PeerException($"{name}: it does not compile ({FirstError(await errors)}); {Advice()}.");
            }
            catch (OperationCanceledException)
            {
                compiler.Kill(entireProcessTree: true);
                cancellationToken.ThrowIfCancellationRequested();
                throw new PeerException($"{name}: the compiler did not end within {CompileLimit.TotalMinutes:0} minutes.");
            }
        }
    }

    private string Advice() => $"on Debian run: sudo apt-get install {debianPackages}";

    private static string FirstError(string output)
    {
        var lines = output.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        var line = lines.FirstOrDefault(line => line.Contains("error", StringComparison.Ordinal)
            || line.Contains("cannot find", StringComparison.Ordinal)) ?? lines.FirstOrDefault() ?? "no reason given";
        // Without the path before it.
        var at = line.IndexOf("error: ", StringComparison.Ordinal);
        return at < 0 ? line : line[(at + "error: ".Length)..];
    }
}
