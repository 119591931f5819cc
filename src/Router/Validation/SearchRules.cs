using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>Searches, as far as they can be judged without the workspace.</summary>
internal static class SearchRules
{
    /// <summary>Refuses a search that breaks a limit, with every field at fault.</summary>
    public static void Check(SearchRequest search)
    {
        var violations = new Violations();
        if (TextRules.WorkspaceNameFault(search.Workspace) is { } name)
            violations.Add("workspace", name);
        if (search.Text.Length == 0 && search.Vector is null && search.Examples is null && search.SparseVector is null)
            violations.Add("text", "Give a text, a vector of either kind or examples to search for.");
        if (search.SparseVector is { } sparse && SparseVectorRules.Fault(sparse) is { } fault)
            violations.Add("sparse_vector", fault);
        if (TextRules.IsLonger(search.Text, Limits.TextBytes))
            violations.Add("text", $"The text is longer than {Limits.TextBytes} bytes of UTF-8: shorten it.");
        if (search.K < 0)
            violations.Add("k", $"{search.K} is not between 1 and {Limits.K}; 0 asks for {Limits.DefaultK}.");
        if (search.Offset < 0)
            violations.Add("offset", $"{search.Offset} is negative: leave out 0 or more hits.");
        else if ((long)search.K + search.Offset > Limits.K)
        {
            violations.Add(
                "k", $"k and offset together are {(long)search.K + search.Offset}: ask for at most {Limits.K}.");
        }

        CheckMode(search, violations);
        if (search.Encoder is not (Encoder.Unspecified or Encoder.Full or Encoder.Lookup))
            violations.Add("encoder", "Use ENCODER_FULL or ENCODER_LOOKUP, or leave it out.");
        CheckEffort(search, violations);
        if (search.HasScoreThreshold && float.IsNaN(search.ScoreThreshold))
            violations.Add("score_threshold", "It must not be NaN.");
        FilterRules.Check(search.Filter, "filter", violations);
        PageRules.Check(search, violations);
        StageRules.Check(search, violations);
        violations.ThrowIfAny();
    }

    private static void CheckMode(SearchRequest search, Violations violations)
    {
        switch (search.Mode)
        {
            case SearchMode.Unspecified or SearchMode.Dense when search.SparseVector is not null:
                violations.Add("sparse_vector",
                    "SEARCH_MODE_DENSE does not search by it: ask for SEARCH_MODE_SPARSE or HYBRID, or leave it out.");
                break;
            case SearchMode.Unspecified or SearchMode.Dense:
                break;
            case SearchMode.Sparse when search.Examples is not null:
                break;
            case SearchMode.Sparse or SearchMode.Hybrid when search.Text.Length == 0 && search.SparseVector is null:
                violations.Add("text", "This mode looks for the words of a text, or by a sparse vector: give one.");
                break;
            case SearchMode.Hybrid when search.Text.Length == 0 && search.Vector is null && search.Examples is null:
                violations.Add("vector",
                    "SEARCH_MODE_HYBRID mixes a list by vector: give a vector, a text to embed or examples, or ask for SPARSE.");
                break;
            case SearchMode.Sparse when search.Vector is not null:
                violations.Add("vector", "SEARCH_MODE_SPARSE searches by words or a sparse vector alone: leave the vector out.");
                break;
            case SearchMode.Sparse or SearchMode.Hybrid:
                break;
            default:
                violations.Add("mode",
                    $"{(int)search.Mode} is no mode that this server knows: use SEARCH_MODE_DENSE, SPARSE or HYBRID.");
                break;
        }

        if (search.Bm25 is { } bm25)
            CheckBm25(search, bm25, violations);
        if (search.Fusion is not null && search.Mode is not SearchMode.Hybrid)
            violations.Add("fusion", "Only SEARCH_MODE_HYBRID mixes two lists: leave it out, or ask for that mode.");
        else if (search.Fusion is not null)
            FusionRules.Check(search, violations);
    }

    private static void CheckBm25(SearchRequest search, Bm25 bm25, Violations violations)
    {
        if (search.Mode is not (SearchMode.Sparse or SearchMode.Hybrid))
            violations.Add("bm25", "It scores words: leave it out, or ask for SEARCH_MODE_SPARSE or HYBRID.");
        else if (search.Mode is SearchMode.Sparse && (search.SparseVector is not null || search.Examples is not null))
            violations.Add("bm25", "It scores words, and this search is by a sparse vector: leave one of them out.");
        if (bm25.HasK1 && !(bm25.K1 is >= 0 and <= 10))
            violations.Add("bm25.k1", $"{bm25.K1} is not between 0 and 10.");
        if (bm25.HasB && !(bm25.B is >= 0 and <= 1))
            violations.Add("bm25.b", $"{bm25.B} is not between 0 and 1.");
    }

    private static void CheckEffort(SearchRequest search, Violations violations)
    {
        switch (search.EffortCase)
        {
            case SearchRequest.EffortOneofCase.RecallTarget when search.RecallTarget is not (>= 0.5f and <= 1f):
                violations.Add("recall_target", $"{search.RecallTarget} is not between 0.5 and 1.");
                break;
            case SearchRequest.EffortOneofCase.Ef when search.Ef is < 1 or > Limits.K:
                violations.Add("ef", $"{search.Ef} is not between 1 and {Limits.K}.");
                break;
        }
    }
}
