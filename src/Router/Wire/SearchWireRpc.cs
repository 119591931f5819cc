using Google.Protobuf.Reflection;
using Grpc.Core;
using Rag.Router.Access;
using Rag.Router.Search;
using Rag.Router.Services;
using Rag.Router.Shards;
using Rag.V1;

namespace Rag.Router.Wire;

/// <summary>
/// rag.v1.SearchService for callers behind a socket: the methods of <see cref="SearchRpc"/>, read from and written to bytes
/// without messages where a search is plain. Thread-safe.
/// </summary>
[BindServiceMethod(typeof(SearchWireRpc), nameof(BindService))]
internal sealed class SearchWireRpc(
    CallPipeline pipeline, PlainSearcher plain, SearchHandler search, SearchItems items, SearchRpc others)
{
    private const string Service = "rag.v1.SearchService";

    private static readonly Method<SearchCall, SearchAnswer> SearchMethod =
        new(MethodType.Unary, Service, nameof(Search), SearchMarshallers.Calls, SearchMarshallers.Answers);

    private static readonly Method<SearchBatchCall, SearchAnswer> SearchBatchMethod =
        new(MethodType.Unary, Service, nameof(SearchBatch), SearchMarshallers.Batches, SearchMarshallers.Answers);

    private static readonly Method<SearchCall, SearchAnswer> SearchStreamMethod =
        new(MethodType.DuplexStreaming, Service, nameof(SearchStream), SearchMarshallers.Items, SearchMarshallers.Answers);

    private readonly SearchRpc _others = others;

    /// <summary>What reflection says of the service.</summary>
    public static ServiceDescriptor Descriptor => SearchService.Descriptor;

    /// <summary>Binds all methods, as generated code does.</summary>
    public static void BindService(ServiceBinderBase binder, SearchWireRpc? service)
    {
        binder.AddMethod(
            SearchMethod, service is null ? null : new UnaryServerMethod<SearchCall, SearchAnswer>(service.Search));
        binder.AddMethod(
            SearchBatchMethod,
            service is null ? null : new UnaryServerMethod<SearchBatchCall, SearchAnswer>(service.SearchBatch));
        binder.AddMethod(
            SearchStreamMethod,
            service is null ? null : new DuplexStreamingServerMethod<SearchCall, SearchAnswer>(service.SearchStream));
        // Calls that are rare go by messages, as the generated code has it.
        SearchService.BindService(new Others(binder), service?._others);
    }

    public Task<SearchAnswer> Search(SearchCall call, ServerCallContext context) =>
        pipeline.RunSearchAsync(
            call, context, call.WorkspaceName, this, static (service, call, scope) => service.AnswerAsync(call, scope), Refused);

    public Task<SearchAnswer> SearchBatch(SearchBatchCall batch, ServerCallContext context) =>
        pipeline.RunAsync(batch, context, "", WorkspaceAction.UseServer, (items, context), static async (state, batch, scope) =>
        {
            try
            {
                return await state.items.BatchAsync(batch, state.context, scope);
            }
            finally
            {
                batch.Return();
            }
        });

    public Task SearchStream(
        IAsyncStreamReader<SearchCall> calls, IServerStreamWriter<SearchAnswer> answers, ServerCallContext context) =>
        pipeline.RunStreamAsync(context, scope => items.StreamAsync(calls, answers, context, scope));

    /// <summary>Lets go of a call that is refused.</summary>
    public static SearchAnswer Refused(SearchCall call)
    {
        call.Return();
        return SearchAnswer.None;
    }

    private Task<SearchAnswer> AnswerAsync(SearchCall call, CallScope scope)
    {
        var answer = SearchAnswer.Rent();
        if (!plain.TryAnswer(call, null, answer.Bytes))
        {
            answer.Return();
            return SearchAsync(call, scope);
        }

        call.Return();
        return Task.FromResult(answer);
    }

    private async Task<SearchAnswer> SearchAsync(SearchCall call, CallScope scope)
    {
        var request = call.ToMessage()!;
        call.Return();
        return SearchAnswer.Of(await search.SearchAsync(request, scope));
    }

    /// <summary>Leaves out what is bound above.</summary>
    private sealed class Others(ServiceBinderBase binder) : ServiceBinderBase
    {
        private static readonly HashSet<string> Bound =
            [nameof(SearchWireRpc.Search), nameof(SearchWireRpc.SearchBatch), nameof(SearchWireRpc.SearchStream)];

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, UnaryServerMethod<TRequest, TResponse>? handler)
        {
            if (!Bound.Contains(method.Name))
                binder.AddMethod(method, handler);
        }

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ClientStreamingServerMethod<TRequest, TResponse>? handler)
        {
            if (!Bound.Contains(method.Name))
                binder.AddMethod(method, handler);
        }

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, ServerStreamingServerMethod<TRequest, TResponse>? handler)
        {
            if (!Bound.Contains(method.Name))
                binder.AddMethod(method, handler);
        }

        public override void AddMethod<TRequest, TResponse>(
            Method<TRequest, TResponse> method, DuplexStreamingServerMethod<TRequest, TResponse>? handler)
        {
            if (!Bound.Contains(method.Name))
                binder.AddMethod(method, handler);
        }
    }
}
