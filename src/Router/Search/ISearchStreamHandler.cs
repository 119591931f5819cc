using Rag.Router.Wire;

namespace Rag.Router.Search;

/// <summary>What answers the searches of one stream. Thread-safe.</summary>
internal interface ISearchStreamHandler
{
    /// <summary>An answer that needs nobody else; null where it does.</summary>
    SearchAnswer? TryAnswer(SearchCall call);

    /// <summary>The answer, or the failure of this search as one; fails only when the whole call is over.</summary>
    Task<SearchAnswer> AnswerAsync(SearchCall call);
}
