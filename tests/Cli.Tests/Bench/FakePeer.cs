using Rag.Cli.Bench.Peers;

namespace Rag.Cli.Tests.Bench;

/// <summary>A peer that is a few lines of shell script: it speaks the protocol, or breaks it where a test wants that.</summary>
internal sealed class FakePeer(AnnFiles files)
{
    /// <summary>Finds everything from this effort on, and nothing below.</summary>
    public const int Effort = 20;

    public string Ready { get; init; } = "echo ready a fake";

    public string Build { get; init; } = "echo built 1.5";

    public string Search { get; init; } = $"if [ $a -ge {Effort} ]; then cat found; else cat nothing; fi";

    /// <summary>100 queries a second and thread.</summary>
    public string Time { get; init; } = "echo timed $((b * 100)) 1.0";

    public AnnPeer Create(string name = "fake")
    {
        var script = files.Combine($"{name}.sh");
        var ids = files.Truth.SelectMany(row => row).ToArray();
        File.WriteAllText(files.Combine("found"), "found " + string.Join(' ', ids) + "\n");
        File.WriteAllText(files.Combine("nothing"), "found " + string.Join(' ', ids.Select(_ => -1)) + "\n");
        File.WriteAllText(script, $"""
            cd "$(dirname "$0")"
            [ "$1" = {name} ] || exit 3
            [ -r "$2" ] && [ -r "$3" ] && [ "$5" = {AnnFiles.K} ] || exit 4
            {Ready}
            while read -r verb a b c; do
              case $verb in
                build) {Build} ;;
                search) {Search} ;;
                time) {Time} ;;
              esac
            done
            """.ReplaceLineEndings("\n"));
        return new AnnPeer(name, _ => Task.FromResult(new PeerCommand("bash", [script])));
    }
}
