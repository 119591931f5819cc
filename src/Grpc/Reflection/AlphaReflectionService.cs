using Google.Protobuf;
using Grpc.Core;
using Grpc.Reflection.V1;
using Alpha = Grpc.Reflection.V1Alpha;

namespace Grpc.Reflection;

/// <summary>
/// The reflection service under its older name, which many tools still ask first. Both versions have the same bytes,
/// so messages are carried over by them.
/// </summary>
internal sealed class AlphaReflectionService(Lazy<ReflectionAnswers> answers)
    : Alpha.ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(IAsyncStreamReader<Alpha.ServerReflectionRequest> requestStream,
        IServerStreamWriter<Alpha.ServerReflectionResponse> responseStream, ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var question = ServerReflectionRequest.Parser.ParseFrom(requestStream.Current.ToByteString());
            var answer = answers.Value.Answer(question).ToByteString();
            await responseStream.WriteAsync(Alpha.ServerReflectionResponse.Parser.ParseFrom(answer));
        }
    }
}
