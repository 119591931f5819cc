using System.IO.Pipelines;
using Grpc.Core;

namespace Grpc.Net.Client;

/// <summary>Buffers for reading responses: small for one message, larger for a stream of them.</summary>
internal static class ReaderOptions
{
    private static readonly StreamPipeReaderOptions Single = new(bufferSize: 4 * 1024, leaveOpen: true);
    private static readonly StreamPipeReaderOptions Stream =
        new(bufferSize: 32 * 1024, minimumReadSize: 4 * 1024, leaveOpen: true);

    public static StreamPipeReaderOptions Of(MethodType type) =>
        type is MethodType.ServerStreaming or MethodType.DuplexStreaming ? Stream : Single;
}
