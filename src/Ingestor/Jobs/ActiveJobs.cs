using System.Collections.Concurrent;
using Rag.Metadata;

namespace Rag.Ingestor.Jobs;

/// <summary>The jobs that this process works on. Thread-safe.</summary>
internal sealed class ActiveJobs
{
    private readonly ConcurrentDictionary<Guid, ActiveJob> _jobs = new();

    public ICollection<ActiveJob> All => _jobs.Values;

    /// <summary>
    /// Adds a job. A job whose lease ran out while this process still worked on it is lost to its newer claim.
    /// </summary>
    public void Add(ActiveJob job) => _jobs.AddOrUpdate(job.Record.JobId, job, (_, former) =>
    {
        former.Lose();
        return job;
    });

    public void Remove(ActiveJob job) =>
        ((ICollection<KeyValuePair<Guid, ActiveJob>>)_jobs).Remove(new(job.Record.JobId, job));

    /// <summary>What one workspace may still claim, given what it holds now.</summary>
    public ClaimShare Share(int mostOfOneWorkspace)
    {
        var held = new Dictionary<Guid, int>();
        foreach (var (_, job) in _jobs)
            held[job.Record.WorkspaceUid] = held.GetValueOrDefault(job.Record.WorkspaceUid) + 1;
        return new ClaimShare(mostOfOneWorkspace, held);
    }
}
