using System.Buffers;
using Grpc.Core;

namespace Rag.Router.Wire;

/// <summary>How searches and answers are read from and written to a socket; the other way round nobody needs.</summary>
internal static class SearchMarshallers
{
    /// <summary>rag.v1.SearchRequest.</summary>
    public static Marshaller<SearchCall> Calls { get; } = Reading(SearchCallReader.Read);

    /// <summary>rag.v1.SearchStreamRequest.</summary>
    public static Marshaller<SearchCall> Items { get; } = Reading(SearchCallReader.ReadItem);

    /// <summary>rag.v1.SearchBatchRequest.</summary>
    public static Marshaller<SearchBatchCall> Batches { get; } = Reading(SearchCallReader.ReadBatch);

    /// <summary>Whatever the method answers.</summary>
    public static Marshaller<SearchAnswer> Answers { get; } = new(
        SearchAnswer.Write, static _ => throw new NotSupportedException("Answers are not read here."));

    private static Marshaller<T> Reading<T>(Func<ReadOnlySequence<byte>, T> read)
        where T : class => new(
            static (_, _) => throw new NotSupportedException("Requests are not written here."),
            context => read(context.PayloadAsReadOnlySequence()));
}
