using System.CommandLine;
using System.CommandLine.Help;
using Rag.Cli.Output;
using Rag.Cli.Verbs;

namespace Rag.Cli;

/// <summary>All verbs of <c>rag</c>.</summary>
internal static class CommandTree
{
    public static Command Create(Terminal terminal)
    {
        var help = new HelpOption();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        var root = new Verb(
            "rag", "A self-hosted search engine for retrieval-augmented generation.",
            "rag demo ~/handbook", "rag ingest ~/handbook -w handbook", "rag search how do I claim travel costs -w handbook")
        {
            help,
            new VersionOption(),
            DemoVerb.Create(terminal),
            ServeVerb.Create(terminal),
            ShardVerb.Create(terminal),
            RouterVerb.Create(terminal),
            IngestorVerb.Create(terminal),
            ClusterVerb.Create(terminal),
            TopologyVerb.Create(terminal),
            IngestVerb.Create(terminal),
            SearchVerb.Create(terminal),
            EvalVerb.Create(terminal),
            WorkspaceVerb.Create(terminal),
            DocVerb.Create(terminal),
            ChunkVerb.Create(terminal),
            JobVerb.Create(terminal),
            ModelVerb.Create(terminal),
            EmbedVerb.Create(terminal),
            BenchVerb.Create(terminal),
        };
        // Nothing asked: show what there is, as a misuse.
        root.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Error.WriteLine("rag: name a verb; rag --help lists them.");
            return ExitCode.Usage;
        });
        return root;
    }
}
