namespace Rag.Cli.Bench.Peers;

/// <summary>A peer that is an npm package, driven by <c>bench/peers/driver.mjs</c>.</summary>
internal static class NodePeer
{
    /// <exception cref="PeerException">The package is not installed.</exception>
    public static PeerCommand Find(string name, string package)
    {
        var folder = PeerCatalog.SourceFolder
            ?? throw new PeerException($"{name}: its program lies in the source tree, which is not beside this one.");
        if (!Directory.Exists(Path.Combine(folder, "node_modules", package)))
        {
            throw new PeerException(
                $"{name}: the npm package {package} is not installed: run npm ci --ignore-scripts in {folder}.");
        }

        return new PeerCommand("node", [Path.Combine(folder, "driver.mjs")]);
    }
}
