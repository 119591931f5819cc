using Rag.V1;

namespace Rag.Router.Validation;

/// <summary>What happens to hits between being found and being cut to a page, and examples to search by.</summary>
internal static class StageRules
{
    private const double MaxWeight = 1e6;

    public static void Check(SearchRequest search, Violations violations)
    {
        var wanted = (search.K <= 0 ? Limits.DefaultK : search.K) + (long)Math.Max(0, search.Offset);
        if (search.Candidates != 0 && (search.Candidates < wanted || search.Candidates > Limits.K))
        {
            violations.Add("candidates",
                $"{search.Candidates} is not between k + offset, {wanted} here, and {Limits.K}.");
        }

        if (search.Boosts.Count > Limits.Boosts)
            violations.Add("boosts", $"There are {search.Boosts.Count}: give at most {Limits.Boosts}.");
        for (var i = 0; i < search.Boosts.Count && i < Limits.Boosts; i++)
            CheckBoost(search.Boosts[i], $"boosts[{i}]", violations);
        if (search.Diversity is { } diversity)
            CheckDiversity(diversity, wanted, violations);
        if (search.Examples is { } examples)
            CheckExamples(search, examples, violations);
        if (search.Rerank is { } rerank)
            CheckRerank(search, rerank, wanted, violations);
        if (search.LateInteraction is { } late)
            CheckLateInteraction(search, late, wanted, violations);
        FacetRules.Check(search.Facets, violations);
    }

    private static void CheckBoost(Boost boost, string field, Violations violations)
    {
        if (MetadataRules.KeyFault(boost.Key) is { } fault)
            violations.Add($"{field}.key", fault);
        if (boost.OriginCase is Boost.OriginOneofCase.None)
            violations.Add($"{field}.number", "There is no origin: give a number, a time or now.");
        if (boost.OriginCase is Boost.OriginOneofCase.Number && !double.IsFinite(boost.Number))
            violations.Add($"{field}.number", "It is not finite.");
        if (boost.Time is { } time && MetadataRules.ValueFault(new Value { TimestampValue = time }) is { } wrong)
            violations.Add($"{field}.time", wrong);
        if (!(boost.Scale > 0) || !double.IsFinite(boost.Scale))
            violations.Add($"{field}.scale", $"{boost.Scale} is not above 0.");
        if (!(boost.Offset >= 0) || !double.IsFinite(boost.Offset))
            violations.Add($"{field}.offset", $"{boost.Offset} is not 0 or above.");
        if (!(boost.Decay is >= 0 and < 1))
            violations.Add($"{field}.decay", $"{boost.Decay} is not above 0 and below 1.");
        if (boost.HasWeight && !(Math.Abs(boost.Weight) <= MaxWeight))
            violations.Add($"{field}.weight", $"{boost.Weight} is not between -{MaxWeight} and {MaxWeight}.");
        if (boost.Shape is < DecayShape.Unspecified or > DecayShape.Linear)
            violations.Add($"{field}.shape", $"{(int)boost.Shape} is no shape that this server knows.");
    }

    private static void CheckRerank(SearchRequest search, Rerank rerank, long wanted, Violations violations)
    {
        if (search.Text.Length == 0)
            violations.Add("rerank", "It reads hits beside a text: give one, or leave it out.");
        if (rerank.Model.Length == 0 || TextRules.IsLonger(rerank.Model, Limits.ModelNameBytes))
            violations.Add("rerank.model", $"Name a model in 1 to {Limits.ModelNameBytes} bytes of UTF-8.");
        var each = Math.Max(1, search.Grouping?.ChunksPerDocument ?? 0);
        var most = Math.Max(0, Limits.Reranked / each);
        if (wanted > most)
            violations.Add("rerank", $"It reads {most} hits at most here: ask for fewer than {wanted}, or leave it out.");
        else if (rerank.TopN != 0 && (rerank.TopN < wanted || rerank.TopN > most))
            violations.Add("rerank.top_n", $"{rerank.TopN} is not between k + offset, {wanted} here, and {most}.");
    }

    private static void CheckLateInteraction(
        SearchRequest search, LateInteraction late, long wanted, Violations violations)
    {
        if (late.QueryCase is LateInteraction.QueryOneofCase.None)
            violations.Add("late_interaction", "There is nothing to compare hits with: give a multi_vector or a model.");
        if (late.HasModel && search.Text.Length == 0)
            violations.Add("late_interaction", "There are no words to compare hits with: give a text, or a multi_vector.");
        if (late.HasModel && (late.Model.Length == 0 || TextRules.IsLonger(late.Model, Limits.ModelNameBytes)))
            violations.Add("late_interaction.model", $"Name a model in 1 to {Limits.ModelNameBytes} bytes of UTF-8.");
        var most = (late.HasModel ? Limits.Tokenized : Limits.Reranked) / Math.Max(1, search.Grouping?.ChunksPerDocument ?? 0);
        if (wanted > most)
        {
            violations.Add("late_interaction",
                $"It compares {most} hits at most here: ask for fewer than {wanted}, or leave it out.");
        }
        else if (late.TopN != 0 && (late.TopN < wanted || late.TopN > most))
        {
            violations.Add(
                "late_interaction.top_n", $"{late.TopN} is not between k + offset, {wanted} here, and {most}.");
        }
    }

    private static void CheckDiversity(Diversity diversity, long wanted, Violations violations)
    {
        if (diversity.HasLambda && !(diversity.Lambda is >= 0 and <= 1))
            violations.Add("diversity.lambda", $"{diversity.Lambda} is not between 0 and 1.");
        if (wanted > Limits.FetchK)
        {
            violations.Add("diversity",
                $"It chooses {Limits.FetchK} hits at most: ask for fewer than {wanted}, or leave it out.");
        }
        else if (diversity.FetchK != 0 && (diversity.FetchK < wanted || diversity.FetchK > Limits.FetchK))
        {
            violations.Add("diversity.fetch_k",
                $"{diversity.FetchK} is not between k + offset, {wanted} here, and {Limits.FetchK}.");
        }
    }

    private static void CheckExamples(SearchRequest search, Examples examples, Violations violations)
    {
        if (search.Vector is not null)
            violations.Add("vector", "The examples say what to search by: leave the vector out.");
        if (search.Mode is SearchMode.Sparse && search.SparseVector is not null)
            violations.Add("sparse_vector", "The examples say what to search by: leave the sparse vector out.");
        if (examples.Positive.Count is 0 or > Limits.Examples)
        {
            violations.Add(
                "examples.positive", $"There are {examples.Positive.Count}: give 1 to {Limits.Examples}.");
        }

        if (examples.Negative.Count > Limits.Examples)
        {
            violations.Add(
                "examples.negative", $"There are {examples.Negative.Count}: give at most {Limits.Examples}.");
        }

        if (examples.Strategy is < ExampleStrategy.Unspecified or > ExampleStrategy.BestScore)
            violations.Add("examples.strategy", $"{(int)examples.Strategy} is no strategy that this server knows.");
        if (examples.Strategy is ExampleStrategy.BestScore
            && (search.Mode is SearchMode.Hybrid or SearchMode.Sparse || search.Grouping is not null))
        {
            violations.Add("examples.strategy",
                "EXAMPLE_STRATEGY_BEST_SCORE is for SEARCH_MODE_DENSE without grouping: use the average.");
        }

        CheckKeys(search.Mode, examples.Positive, "examples.positive", violations);
        CheckKeys(search.Mode, examples.Negative, "examples.negative", violations);
    }

    private static void CheckKeys(SearchMode mode, IReadOnlyList<Example> examples, string field, Violations violations)
    {
        for (var i = 0; i < examples.Count && i < Limits.Examples; i++)
        {
            if (examples[i].KindCase is Example.KindOneofCase.None)
                violations.Add($"{field}[{i}]", "It is empty: give a chunk or a vector.");
            if (mode is SearchMode.Sparse && examples[i].Vector is not null)
                violations.Add($"{field}[{i}].vector", "SEARCH_MODE_SPARSE goes by sparse vectors: give a chunk that has one.");
            if (examples[i].Chunk is not { } key)
                continue;
            if (TextRules.IdFault(key.ChunkId) is { } chunk)
                violations.Add($"{field}[{i}].chunk.chunk_id", chunk);
            if (key.DocumentId.Length > 0 && TextRules.IdFault(key.DocumentId) is { } document)
                violations.Add($"{field}[{i}].chunk.document_id", document);
        }
    }
}
