using Google.Protobuf.Reflection;
using Rag.Testing;

namespace Rag.Interop.Tests.Running;

/// <summary>Finds, and where it can installs, what the peers need. Says what to install where it cannot.</summary>
internal static class PeerTools
{
    private const string Python = "/usr/bin/python3";

    private static readonly Lazy<Task> Modules = new(InstallModulesAsync);
    private static readonly Lazy<Task> PythonChecked = new(CheckPythonAsync);

    /// <summary>This project's folder in the checkout.</summary>
    public static string Folder { get; } = Path.Combine(RepositoryRoot.Path, "tests", "Interop");

    /// <summary>Starts a script of Peers/node.</summary>
    public static async Task<ChildProcess> StartNodeAsync(string script, params string[] arguments)
    {
        await Modules.Value;
        return ChildProcess.Start("node", [Path.Combine(Folder, "Peers", "node", script), .. arguments]);
    }

    /// <summary>Starts a script of Peers/python; its first argument is the file of descriptors.</summary>
    public static async Task<ChildProcess> StartPythonAsync(
        string script, string descriptors, params string[] arguments)
    {
        await PythonChecked.Value;
        return ChildProcess.Start(
            Python, [Path.Combine(Folder, "Peers", "python", script), descriptors, .. arguments],
            environment: new Dictionary<string, string?> { ["PYTHONDONTWRITEBYTECODE"] = "1" });
    }

    /// <summary>Path of buf.</summary>
    public static async Task<string> FindBufAsync()
    {
        await Modules.Value;
        var machine = System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture
            is System.Runtime.InteropServices.Architecture.Arm64 ? "aarch64" : "x64";
        var path = Path.Combine(Folder, "node_modules", "@bufbuild", $"buf-linux-{machine}", "bin", "buf");
        return File.Exists(path) ? path : throw new FileNotFoundException(
            $"buf is missing: run 'npm ci --ignore-scripts' in {Folder} (Linux on x64 or arm64).");
    }

    /// <summary>Writes files and their imports as a FileDescriptorSet, imports first.</summary>
    public static void WriteDescriptors(string path, params FileDescriptor[] files)
    {
        var set = new FileDescriptorSet();
        var seen = new HashSet<string>();
        foreach (var file in files)
            Add(file);
        using var stream = File.Create(path);
        Google.Protobuf.MessageExtensions.WriteTo(set, stream);

        void Add(FileDescriptor file)
        {
            if (!seen.Add(file.Name))
                return;
            foreach (var import in file.Dependencies)
                Add(import);
            set.File.Add(file.ToProto());
        }
    }

    private static async Task InstallModulesAsync()
    {
        if (Directory.Exists(Path.Combine(Folder, "node_modules", "@grpc", "grpc-js")))
            return;
        await RequireAsync("npm", ["ci", "--ignore-scripts", "--no-audit", "--no-fund"], TimeSpan.FromMinutes(3),
            $"The Node peers are missing: install Node.js with npm, then run 'npm ci --ignore-scripts' in {Folder}.");
    }

    private static Task CheckPythonAsync() => RequireAsync(
        Python, ["-c", "import grpc, google.protobuf"], TimeSpan.FromMinutes(1),
        "The Python peers are missing: run 'apt-get install python3-grpcio python3-protobuf'.");

    private static async Task RequireAsync(string program, string[] arguments, TimeSpan limit, string whatToDo)
    {
        try
        {
            await using var child = ChildProcess.Start(program, arguments, Folder);
            if (await child.WaitForExitAsync(limit) == 0)
                return;
            throw new InvalidOperationException($"{whatToDo}\n{child.Output}");
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException(whatToDo, e);
        }
    }
}
