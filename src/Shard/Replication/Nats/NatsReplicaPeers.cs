using System.Text.Json;
using NATS.Client.Core;
using Rag.Engine;

namespace Rag.Shard.Replication.Nats;

/// <summary>Questions between replicas as NATS requests. Thread-safe.</summary>
internal sealed class NatsReplicaPeers(INatsConnection connection, LogSubjects subjects) : IReplicaPeers
{
    private const int AnswersAtATime = 64;

    public async ValueTask<PeerAnswer?> AskAsync(
        string shard, PeerQuestion question, TimeSpan patience, CancellationToken cancellationToken)
    {
        try
        {
            var reply = await connection.RequestAsync<byte[], byte[]>(
                subjects.Replica(shard), JsonSerializer.SerializeToUtf8Bytes(question),
                replyOpts: new NatsSubOpts { Timeout = patience }, cancellationToken: cancellationToken);
            return reply.Data is not { Length: > 0 } data ? null : JsonSerializer.Deserialize<StoredAnswer>(data)?.ToAnswer();
        }
        catch (Exception e) when (e is NatsException or JsonException)
        {
            return null;
        }
    }

    /// <summary>Answers the questions to a shard until it is stopped.</summary>
    public async Task ServeAsync(
        string shard, Func<PeerQuestion, CancellationToken, Task<PeerAnswer?>> answer, CancellationToken stopping)
    {
        using var slots = new SemaphoreSlim(AnswersAtATime);
        try
        {
            await foreach (var message in connection.SubscribeAsync<byte[]>(
                subjects.Replica(shard), cancellationToken: stopping))
            {
                await slots.WaitAsync(stopping);
                _ = AnswerAsync(message, answer, slots, stopping);
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // The shard stops.
        }
    }

    private static async Task AnswerAsync(
        NatsMsg<byte[]> message, Func<PeerQuestion, CancellationToken, Task<PeerAnswer?>> answer, SemaphoreSlim slots,
        CancellationToken stopping)
    {
        try
        {
            if (message.Data is null || JsonSerializer.Deserialize<PeerQuestion>(message.Data) is not { } question)
                return;
            var given = await answer(question, stopping);
            if (message.ReplyTo is not null)
            {
                await message.ReplyAsync(
                    given is null ? [] : JsonSerializer.SerializeToUtf8Bytes(StoredAnswer.Of(given)),
                    cancellationToken: stopping);
            }
        }
        catch (Exception e) when (e is JsonException or NatsException or OperationCanceledException or SharedLogException)
        {
            // No answer: the other one asks again.
        }
        finally
        {
            slots.Release();
        }
    }

    private sealed record StoredAnswer(
        uint Epoch, ulong Sequence, Guid LastId, uint Promised, uint Followed, bool IsOpen, bool Accepted, ulong Through,
        bool IsApart, ulong LastAt = 0, long LastStoredAt = 0)
    {
        public static StoredAnswer Of(PeerAnswer answer) => new(
            answer.Stamp.Epoch, answer.Stamp.Sequence, answer.LastId, answer.Promised, answer.Followed, answer.IsOpen, answer.Accepted,
            answer.Through, answer.IsApart, answer.LastAt, answer.LastStoredAt);

        public PeerAnswer ToAnswer() =>
            new(new WriteStamp(Epoch, Sequence), LastId, Promised, Followed, IsOpen, Accepted, Through, IsApart, LastAt, LastStoredAt);
    }
}
