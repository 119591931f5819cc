using Grpc.Net.Client;
using Grpc.Net.InProcess;
using Rag.Interop.Tests.Cases;
using Rag.Interop.Tests.Running;

namespace Rag.Interop.Tests;

/// <summary>The cases that a test runs.</summary>
public static class CaseLists
{
    public static TheoryData<string> Plain => [.. InteropCases.Plain];

    public static TheoryData<string> All => [.. InteropCases.Plain, .. InteropCases.Compressed];
}

/// <summary>Clients of others against our server.</summary>
public sealed class NodeClientTests(NodeClientRun run) : IClassFixture<NodeClientRun>
{
    [Theory]
    [MemberData(nameof(CaseLists.All), MemberType = typeof(CaseLists))]
    public void The_node_client_gets_on_with_our_server(string name) => run.Check(name);
}

/// <inheritdoc cref="NodeClientTests"/>
public sealed class PythonClientTests(PythonClientRun run) : IClassFixture<PythonClientRun>
{
    [Theory]
    [MemberData(nameof(CaseLists.All), MemberType = typeof(CaseLists))]
    public void The_python_client_gets_on_with_our_server(string name) => run.Check(name);
}

/// <summary>Our client against servers of others.</summary>
public sealed class NodeServerTests(NodeServer server) : IClassFixture<NodeServer>
{
    [Theory]
    [MemberData(nameof(CaseLists.All), MemberType = typeof(CaseLists))]
    public Task Our_client_gets_on_with_the_node_server(string name) =>
        new InteropCases(server.Channel.CreateCallInvoker()).RunAsync(name).WaitAsync(TimeSpan.FromSeconds(60));
}

/// <inheritdoc cref="NodeServerTests"/>
public sealed class PythonServerTests(PythonServer server) : IClassFixture<PythonServer>
{
    [Theory]
    [MemberData(nameof(CaseLists.All), MemberType = typeof(CaseLists))]
    public Task Our_client_gets_on_with_the_python_server(string name) =>
        new InteropCases(server.Channel.CreateCallInvoker()).RunAsync(name).WaitAsync(TimeSpan.FromSeconds(60));
}

/// <summary>Our client against our server, over HTTP/2 and within the process.</summary>
public sealed class OwnTests
{
    [Theory]
    [MemberData(nameof(CaseLists.All), MemberType = typeof(CaseLists))]
    public async Task Our_client_gets_on_with_our_server(string name)
    {
        await using var server = await OurServer.StartAsync();
        using var channel = GrpcChannel.ForAddress(server.Address);
        await new InteropCases(channel.CreateCallInvoker()).RunAsync(name).WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Theory]
    [MemberData(nameof(CaseLists.Plain), MemberType = typeof(CaseLists))]
    public async Task Calls_within_the_process_behave_the_same(string name)
    {
        var server = new InProcessServer().Bind(new InteropService());
        await new InteropCases(server.CreateCallInvoker()).RunAsync(name).WaitAsync(TimeSpan.FromSeconds(60));
    }
}
