using Rag.Router.Wire;

namespace Rag.Router.Search;

/// <summary>What answers the searches of one stream. Thread-safe.</summary>
internal interface ISearchStreamHandler
{
    /// <summary>An answer that needs nobody else; null where it does.</summary>
    /// <param name="arrived">When it came, UTC: its timeout counts from then.</param>
    SearchAnswer? TryAnswer(SearchCall call, DateTime arrived);

    /// <summary>The answer, or the failure of this search as one; fails only when the whole call is over.</summary>
    /// <param name="arrived">When it came, UTC.</param>
    Task<SearchAnswer> AnswerAsync(SearchCall call, DateTime arrived);
}
