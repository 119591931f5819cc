namespace Rag.Cli.Bench.Peers;

/// <summary>Another library to compare with, as a program that talks as <c>bench/peers/driver.hpp</c> says.</summary>
/// <param name="Name">Its name in reports, and the first argument of the program.</param>
/// <param name="PrepareAsync">
/// Finds or compiles the program; throws <see cref="PeerException"/> if that cannot be done here.
/// </param>
internal sealed record AnnPeer(string Name, Func<CancellationToken, Task<PeerCommand>> PrepareAsync);

/// <summary>A program and its first arguments.</summary>
internal sealed record PeerCommand(string Program, IReadOnlyList<string> Arguments);
