using Grpc.Core;
using Rag.V1;

namespace Rag.Router.Wire;

/// <summary>Searches of a caller in this process, who sends messages.</summary>
internal sealed class MessageCalls(IAsyncStreamReader<SearchStreamRequest> requests) : IAsyncStreamReader<SearchCall>
{
    public SearchCall Current
    {
        get
        {
            var item = requests.Current;
            var call = SearchCall.Of(item.Search);
            call.CorrelationId = item.CorrelationId;
            call.Timeout = item.Timeout;
            return call;
        }
    }

    public Task<bool> MoveNext(CancellationToken cancellationToken) => requests.MoveNext(cancellationToken);
}

/// <summary>Answers for a caller in this process: none of them is bytes, because no search of his is.</summary>
internal sealed class MessageAnswers(IServerStreamWriter<SearchStreamResponse> responses) : IServerStreamWriter<SearchAnswer>
{
    public WriteOptions? WriteOptions
    {
        get => responses.WriteOptions;
        set => responses.WriteOptions = value;
    }

    public Task WriteAsync(SearchAnswer message) => WriteAsync(message, CancellationToken.None);

    public Task WriteAsync(SearchAnswer message, CancellationToken cancellationToken)
    {
        var response = (SearchStreamResponse)message.Message!;
        message.Return();
        return responses.WriteAsync(response, cancellationToken);
    }
}
