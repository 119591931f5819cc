using System.Diagnostics;
using Grpc.Core;
using Grpc.Net.Client;
using Rag.Hosting.Agreement;
using Rag.Internal.V1;

namespace Rag.Cli.Composition.Greeting;

/// <summary>
/// Asks others who they are. This process may go on unless all that answer disagree with it: one odd process among many
/// is that one's fault, and it refused to start itself. Thread-safe.
/// </summary>
internal sealed class Greeter(Func<NodeIdentity> self, Func<IReadOnlyList<Peer>> peers, GreetingOptions options)
{
    private const int Parallelism = 16;

    /// <summary>Asks all; who does not answer is passed over.</summary>
    /// <returns>How many answered, and a sentence for each that disagrees.</returns>
    public async Task<(int Answers, IReadOnlyList<string> Disagreements)> AskAsync(CancellationToken cancellationToken)
    {
        var answers = 0;
        var disagreements = new List<string>();
        var limits = new ParallelOptions { MaxDegreeOfParallelism = Parallelism, CancellationToken = cancellationToken };
        await Parallel.ForEachAsync(peers(), limits, async (peer, token) =>
        {
            if (await AskAsync(peer, token) is not { } answer)
                return;
            lock (disagreements)
            {
                answers++;
                if (answer.Length > 0)
                    disagreements.Add(answer);
            }
        });
        disagreements.Sort(StringComparer.Ordinal);
        return (answers, disagreements);
    }

    /// <summary>For a start.</summary>
    /// <exception cref="CliException">All that answer disagree.</exception>
    public async Task<IReadOnlyList<string>> GreetAsync(CancellationToken cancellationToken)
    {
        var (answers, disagreements) = await AskAsync(cancellationToken);
        return answers > 0 && disagreements.Count == answers
            ? throw new CliException(disagreements[0], ExitCode.Misconfigured)
            : disagreements;
    }

    /// <returns>Null: no answer; empty: it agrees; else why not.</returns>
    private async Task<string?> AskAsync(Peer peer, CancellationToken cancellationToken)
    {
        using var channel = GrpcChannel.ForAddress(peer.Address);
        var client = new HelloService.HelloServiceClient(channel);
        try
        {
            // Two questions: the first one's time has the connection in it.
            for (var question = 0; ; question++)
            {
                var own = self();
                var began = Stopwatch.GetTimestamp();
                using var call = client.HelloAsync(
                    new HelloRequest { Node = HelloRpc.ToProto(own) }, deadline: DateTime.UtcNow + options.Patience,
                    cancellationToken: cancellationToken);
                var answer = await call.ResponseAsync;
                var why = NodeAgreement.WhyNot(
                    own, HelloRpc.Read(answer.Node), peer.Name, peer.Address, Stopwatch.GetElapsedTime(began), options.MaxClockSkew);
                if (question > 0 || why is not null)
                    return why ?? "";
            }
        }
        catch (RpcException unknown) when (unknown.StatusCode == StatusCode.Unimplemented)
        {
            return $"What answers at {peer.Address.GetLeftPart(UriPartial.Authority)} is no shard or router of this product's version, "
                + "or not at its internal port: check the address.";
        }
        catch (RpcException) when (!cancellationToken.IsCancellationRequested)
        {
            return null;
        }
    }
}

/// <summary>Somebody to greet.</summary>
/// <param name="Name">As the topology has it; null: any.</param>
internal sealed record Peer(string? Name, Uri Address);
