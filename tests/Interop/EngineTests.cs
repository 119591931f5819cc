using Rag.Interop.Tests.Running;

namespace Rag.Interop.Tests;

/// <summary>The engine's own API, used from other languages.</summary>
public sealed class NodeEngineTests(NodeEngineRun run) : IClassFixture<NodeEngineRun>
{
    public static TheoryData<string> Steps => [.. EngineRun.Steps];

    [Theory]
    [MemberData(nameof(Steps))]
    public void The_node_client_uses_the_engine(string step) => run.Check(step);
}

/// <inheritdoc cref="NodeEngineTests"/>
public sealed class PythonEngineTests(PythonEngineRun run) : IClassFixture<PythonEngineRun>
{
    public static TheoryData<string> Steps => [.. EngineRun.Steps];

    [Theory]
    [MemberData(nameof(Steps))]
    public void The_python_client_uses_the_engine(string step) => run.Check(step);
}
