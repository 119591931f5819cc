using Grpc.Core;

namespace Grpc.Net.InProcess;

/// <summary>A call as its streams and its context see it, whatever its messages.</summary>
internal interface IInProcessCall
{
    string Method { get; }

    string Host { get; }

    Metadata RequestHeaders { get; }

    DateTime Deadline { get; }

    CancellationToken Cancelled { get; }

    bool HasEnded { get; }

    bool IsDeadlineExceeded { get; }

    Status GetStatus();

    Exception CreateException();

    void Cancel(string reason);

    void SetResponseHeaders(Metadata headers);

    void EndFromHandler();
}
