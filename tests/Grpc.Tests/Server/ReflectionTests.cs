using Google.Protobuf.Reflection;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;
using Alpha = Grpc.Reflection.V1Alpha;
using V1 = Grpc.Reflection.V1;

namespace Rag.Transport.Tests.Server;

public sealed class ReflectionTests : IAsyncLifetime
{
    private EchoHost _host = null!;

    public async ValueTask InitializeAsync() => _host = await EchoHost.OverHttpAsync(
        build: builder =>
        {
            builder.Services.AddGrpcHealthChecks();
            builder.Services.AddGrpcReflection();
        },
        map: app =>
        {
            app.MapGrpcReflectionService();
            app.MapGrpcHealthChecksService();
        });

    public ValueTask DisposeAsync() => _host.DisposeAsync();

    [Fact]
    public async Task Services_are_listed_under_both_versions()
    {
        string[] expected =
        [
            "grpc.health.v1.Health", "grpc.reflection.v1.ServerReflection",
            "grpc.reflection.v1alpha.ServerReflection", "rag.transport.tests.Echo",
        ];
        (await AskAsync(new V1.ServerReflectionRequest { ListServices = "" }))
            .ListServicesResponse.Service.Select(service => service.Name).ShouldBe(expected);
        using var call = new Alpha.ServerReflection.ServerReflectionClient(_host.Invoker).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(new Alpha.ServerReflectionRequest { ListServices = "*" });
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        call.ResponseStream.Current.ListServicesResponse.Service.Select(service => service.Name).ShouldBe(expected);
        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeFalse();
    }

    [Theory]
    [InlineData("rag.transport.tests.Echo", "echo.proto")]
    [InlineData("rag.transport.tests.Echo.Unary", "echo.proto")]
    [InlineData("rag.transport.tests.Ping", "echo.proto")]
    [InlineData("rag.transport.tests.Ping.text", "echo.proto")]
    [InlineData("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto")]
    [InlineData("grpc.reflection.v1.ServerReflectionRequest.message_request", "grpc/reflection/v1/reflection.proto")]
    public async Task The_file_of_a_symbol_is_found(string symbol, string file)
    {
        var answer = await AskAsync(new V1.ServerReflectionRequest { FileContainingSymbol = symbol });
        var proto = FileDescriptorProto.Parser.ParseFrom(answer.FileDescriptorResponse.FileDescriptorProto[0]);
        proto.Name.ShouldBe(file);
        var byName = await AskAsync(new V1.ServerReflectionRequest { FileByFilename = file });
        byName.FileDescriptorResponse.ShouldBe(answer.FileDescriptorResponse);
    }

    [Fact]
    public async Task What_is_not_known_is_an_error_in_the_answer()
    {
        (await AskAsync(new V1.ServerReflectionRequest { FileContainingSymbol = "no.Such" }))
            .ErrorResponse.ErrorCode.ShouldBe((int)StatusCode.NotFound);
        (await AskAsync(new V1.ServerReflectionRequest { FileByFilename = "no.proto" }))
            .ErrorResponse.ErrorCode.ShouldBe((int)StatusCode.NotFound);
        (await AskAsync(new V1.ServerReflectionRequest { AllExtensionNumbersOfType = "no.Such" }))
            .ErrorResponse.ErrorCode.ShouldBe((int)StatusCode.NotFound);
        (await AskAsync(new V1.ServerReflectionRequest { AllExtensionNumbersOfType = "rag.transport.tests.Ping" }))
            .AllExtensionNumbersResponse.ExtensionNumber.ShouldBeEmpty();
        var extension = new V1.ExtensionRequest { ContainingType = "rag.transport.tests.Ping", ExtensionNumber = 5 };
        (await AskAsync(new V1.ServerReflectionRequest { FileContainingExtension = extension }))
            .ErrorResponse.ErrorCode.ShouldBe((int)StatusCode.NotFound);
        (await AskAsync(new V1.ServerReflectionRequest())).ErrorResponse.ErrorCode
            .ShouldBe((int)StatusCode.InvalidArgument);
    }

    private async Task<V1.ServerReflectionResponse> AskAsync(V1.ServerReflectionRequest request)
    {
        using var call = new V1.ServerReflection.ServerReflectionClient(_host.Invoker).ServerReflectionInfo();
        await call.RequestStream.WriteAsync(request);
        await call.RequestStream.CompleteAsync();
        (await call.ResponseStream.MoveNext()).ShouldBeTrue();
        return call.ResponseStream.Current;
    }
}
