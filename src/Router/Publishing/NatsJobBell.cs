using NATS.Client.Core;
using Rag.Hosting.Messaging;
using Rag.Router.Ingest;

namespace Rag.Router.Publishing;

/// <summary>Wakes the dispatcher of jobs, wherever it runs.</summary>
internal sealed class NatsJobBell(INatsConnection connection, NatsOptions nats) : IJobBell
{
    private readonly Bell _bell = new(connection, nats.Subject(JobSubjects.Bell));

    public void Ring() => _bell.Ring();
}
