using FASTER.core;

namespace Rag.Engine.Storage;

/// <summary>
/// Answers FASTER that its commits are kept, without keeping them: what is durable is recorded by the logs on top, in
/// files of their own whose damage can be told from absence.
/// </summary>
internal sealed class VolatileCommits : ILogCommitManager
{
    public void Commit(
        long beginAddress, long untilAddress, byte[] commitMetadata, long commitNum, bool forceWriteMetadata)
    {
    }

    public byte[] GetCommitMetadata(long commitNum) => [];

    public IEnumerable<long> ListCommits() => [];

    public void RemoveCommit(long commitNum)
    {
    }

    public void RemoveAllCommits()
    {
    }

    public void OnRecovery(long commitNum)
    {
    }

    public void Dispose()
    {
    }
}
