using System.Buffers.Binary;
using Google.Protobuf;
using Rag.Load.Driving;
using Rag.Load.Scenarios;

namespace Rag.Load.Running;

/// <summary>
/// Writes the body of one unary search as it goes over the wire (a byte for the compression, four for the length, the
/// message), so that another program, such as h2load, can send the same.
/// </summary>
internal static class RequestRecord
{
    private const int HeaderBytes = 5;

    public static void Write(string path, Operations operations, int seed)
    {
        var random = new Random(seed);
        var operation = operations.Next(random);
        for (var tries = 0; operation.Kind is OperationKind.Upsert or OperationKind.Delete or OperationKind.Ingest; tries++)
        {
            if (tries > 10_000)
                throw new ScenarioException("The scenario has no searches to record.");
            operation = operations.Next(random);
        }

        var message = operations.ToRequest(operation).ToByteArray();
        var body = new byte[HeaderBytes + message.Length];
        BinaryPrimitives.WriteInt32BigEndian(body.AsSpan(1), message.Length);
        message.CopyTo(body, HeaderBytes);
        File.WriteAllBytes(path, body);
    }
}
