using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Reflection.V1;

namespace Grpc.Reflection;

/// <summary>
/// The reflection service, version 1: tells clients which services there are and how their messages look.
/// </summary>
public class ReflectionServiceImpl : ServerReflection.ServerReflectionBase
{
    private readonly Lazy<ReflectionAnswers> _answers;

    /// <summary>Describes the given services, and itself if it is among them.</summary>
    public ReflectionServiceImpl(IEnumerable<ServiceDescriptor> services)
    {
        ArgumentNullException.ThrowIfNull(services);
        var list = services.ToArray();
        _answers = new Lazy<ReflectionAnswers>(() => Describe(list));
    }

    internal ReflectionServiceImpl(Lazy<ReflectionAnswers> answers) => _answers = answers;

    /// <inheritdoc/>
    public override async Task ServerReflectionInfo(IAsyncStreamReader<ServerReflectionRequest> requestStream,
        IServerStreamWriter<ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
            await responseStream.WriteAsync(_answers.Value.Answer(requestStream.Current));
    }

    internal static ReflectionAnswers Describe(IReadOnlyCollection<ServiceDescriptor> services) => new(
        [.. services.Select(service => service.FullName).Distinct().Order(StringComparer.Ordinal)],
        new SymbolRegistry(services.Select(service => service.File)));
}
