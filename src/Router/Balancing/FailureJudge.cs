using Grpc.Core;
using Rag.Router.Errors;

namespace Rag.Router.Balancing;

/// <summary>What a replica's failure means for the call and for what is thought of the shard.</summary>
internal static class FailureJudge
{
    public static FailureMeaning Judge(RpcException error) => error.StatusCode switch
    {
        // A shard that answers by itself that it cannot do this now is there.
        StatusCode.Unavailable => error.IsAnswer() ? FailureMeaning.Elsewhere : FailureMeaning.Gone,
        StatusCode.FailedPrecondition when error.IsNotReached() => FailureMeaning.Behind,
        // It is full, or this copy is broken: another replica may do better, the same one will not.
        StatusCode.ResourceExhausted or StatusCode.DataLoss => FailureMeaning.Elsewhere,
        _ => FailureMeaning.Final,
    };

    public static string Name(FailureMeaning meaning) => meaning switch
    {
        FailureMeaning.Gone => "unavailable",
        FailureMeaning.Elsewhere => "refused",
        FailureMeaning.Behind => "not-reached",
        _ => "none",
    };
}

/// <summary>What is right after a failure.</summary>
internal enum FailureMeaning
{
    /// <summary>Any replica would say the same.</summary>
    Final,

    /// <summary>The shard could not be reached: try another one, then the same one again.</summary>
    Gone,

    /// <summary>The shard refuses what another replica may take.</summary>
    Elsewhere,

    /// <summary>The replica is not yet as far as the caller has seen.</summary>
    Behind,
}
