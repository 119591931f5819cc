using Rag.Testing;

namespace Rag.Cli.Tests.Script;

/// <summary>
/// The repository's script in a small repository of its own, with a dotnet and an npm that only write down what they
/// were asked for.
/// </summary>
internal sealed class ScriptSandbox : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public ScriptSandbox()
    {
        var root = RepositoryRoot.Path;
        foreach (var folder in new[] { "src/Cli", "src/OnnxRuntime", "tests/One.Tests", "protos", "models", "bench/peers", "tools" })
            Directory.CreateDirectory(_folder.Combine(folder.Split('/')));
        File.Copy(Path.Combine(root, "rag"), _folder.Combine("rag"));
        MakeExecutable(_folder.Combine("rag"));
        File.Copy(Path.Combine(root, "tests", "run.sh"), _folder.Combine("tests", "run.sh"));
        File.Copy(Path.Combine(root, "bench", "peers", "install.sh"), _folder.Combine("bench", "peers", "install.sh"));
        File.WriteAllText(_folder.Combine("bench", "peers", "package-lock.json"), "{}");
        foreach (var file in new[] { "Directory.Build.props", "Directory.Packages.props", "Rag.Engine.sln", "global.json", ".editorconfig" })
            File.WriteAllText(_folder.Combine(file), "");
        File.WriteAllText(_folder.Combine("src", "Cli", "Program.cs"), "// first");
        File.WriteAllText(_folder.Combine("src", "OnnxRuntime", "package-lock.json"), "{}");
        File.WriteAllText(_folder.Combine("tests", "One.Tests", "One.Tests.csproj"), "");
        File.WriteAllText(_folder.Combine("tests", "One.Tests", "OneTests.cs"), "// a test");
        WriteTool("npm", "echo npm $* >> $CALLS; [ -z \"${FAIL_NPM:-}\" ] || exit 1; mkdir -p node_modules");
        WriteTool("dotnet", """
            case "$1" in
              --version) echo 10.0.100 ;;
              build)
                echo build $2 >> $CALLS
                [ -z "${FAIL_BUILD:-}" ] || { echo 'error CS1234: it is broken'; exit 1; }
                mkdir -p $SANDBOX/src/Cli/bin/Release/net10.0
                touch $SANDBOX/src/Cli/bin/Release/net10.0/Rag.Cli.dll ;;
              */Rag.Cli.dll) shift; echo "result of $*" ;;
              *.Tests.dll)
                echo tests >> $CALLS
                while [ $# -gt 1 ]; do [ "$1" = -xml ] && xml=$2; shift; done
                echo "    One.Tests.Something_works [FAIL]"
                [ -z "${BREAK_OFF:-}" ] || exit 134
                echo "<assembly total=\"6\" passed=\"3\" failed=\"${FAILED:-0}\" skipped=\"2\" not-run=\"0\" errors=\"0\" time=\"1.5\" run-time=\"9\">" > $xml
                echo "<reason><![CDATA[no shared data]]></reason>" >> $xml
                [ "${FAILED:-0}" = 0 ] || exit 1 ;;
            esac
            """);
    }

    public string CallsPath => _folder.Combine("calls");

    public IReadOnlyList<string> Calls => File.Exists(CallsPath) ? File.ReadAllLines(CallsPath) : [];

    public void Change(string file) => File.AppendAllText(_folder.Combine(file.Split('/')), "// changed");

    /// <summary>Exit code, standard output and standard error of <c>./rag ARGUMENTS</c>.</summary>
    public async Task<CommandRun> RunAsync(string arguments, params (string Name, string Value)[] environment)
    {
        var variables = new Dictionary<string, string?>
        {
            ["PATH"] = $"{_folder.Combine("tools")}:{Environment.GetEnvironmentVariable("PATH")}",
            ["CALLS"] = CallsPath,
            ["SANDBOX"] = _folder.Path,
        };
        foreach (var (name, value) in environment)
            variables[name] = value;
        // Through a shell, so that the two streams can be told apart.
        var line = $"./rag {arguments} >stdout 2>stderr </dev/null";
        await using var child = ChildProcess.Start("bash", ["-c", line], _folder.Path, variables);
        var code = await child.WaitForExitAsync();
        return new CommandRun(
            code, await File.ReadAllTextAsync(_folder.Combine("stdout")), await File.ReadAllTextAsync(_folder.Combine("stderr")));
    }

    public void Dispose() => _folder.Dispose();

    private void WriteTool(string name, string body)
    {
        var path = _folder.Combine("tools", name);
        File.WriteAllText(path, "#!/usr/bin/env bash\n" + body + "\n");
        MakeExecutable(path);
    }

    private static void MakeExecutable(string path)
    {
        if (!OperatingSystem.IsWindows())
            File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
    }
}
