using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using Rag.Client;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>What changes the order of hits after they were found, and examples to search by.</summary>
internal sealed class RankingOptions
{
    private readonly Option<Boost[]> _boost = new("--boost")
    {
        Description = "Add to scores by nearness: KEY:ORIGIN:SCALE[:WEIGHT[:gauss|exp|linear[:OFFSET[:DECAY]]]]; the origin is "
            + "a number, a date or now, scale and offset of times are in days (30d) or seconds.",
        HelpName = "BOOST", CustomParser = result => [.. result.Tokens.Select(token => ParseBoost(result, token.Value))],
    };

    private readonly Option<float?> _diversity = new("--diversity")
    {
        Description = "Prefer hits that are unlike one another: lambda, 0 (unlike) to 1 (no change).", HelpName = "LAMBDA",
    };

    private readonly Option<int> _fetchK = new("--fetch-k") { Description = "How many hits --diversity chooses from, up to 1,000." };

    private readonly RerankOptions _rerank = new(takesVectors: true);

    private readonly Option<int> _candidates = new("--candidates")
    {
        Description = "How many of the best --boost and the like are applied to. Default: 200.",
    };

    private readonly Option<string[]> _like = new("--like")
    {
        Description = "Search by a chunk in place of a text: DOCUMENT/CHUNK.", HelpName = "CHUNK",
    };

    private readonly Option<string[]> _unlike = new("--unlike")
    {
        Description = "With --like: away from this chunk.", HelpName = "CHUNK",
    };

    private readonly Option<bool> _bestScore = new("--best-score")
    {
        Description = "With --like: score by the nearest example, not by their mean.",
    };

    public void AddTo(Command command)
    {
        foreach (var option in new Option[] { _boost, _diversity, _fetchK })
            command.Options.Add(option);
        _rerank.AddTo(command);
        foreach (var option in new Option[] { _candidates, _like, _unlike, _bestScore })
            command.Options.Add(option);
    }

    public SearchQuery Apply(SearchQuery query, ParseResult parsed)
    {
        var like = parsed.GetValue(_like) ?? [];
        var unlike = parsed.GetValue(_unlike) ?? [];
        query = query with { Boosts = parsed.GetValue(_boost) ?? [], Candidates = parsed.GetValue(_candidates) };
        if (parsed.GetValue(_diversity) is { } lambda)
            query = query with { Diversity = new Diversity { Lambda = lambda, FetchK = parsed.GetValue(_fetchK) } };
        query = _rerank.Apply(query, parsed);
        if (like.Length + unlike.Length == 0)
            return query;
        var examples = new Examples
        {
            Strategy = parsed.GetValue(_bestScore) ? ExampleStrategy.BestScore : ExampleStrategy.Average,
        };
        examples.Positive.AddRange(like.Select(ExampleOf));
        examples.Negative.AddRange(unlike.Select(ExampleOf));
        return query with { Examples = examples };
    }

    private static Example ExampleOf(string key)
    {
        // Document ids may hold slashes, as those of files do; chunk ids of ingestion do not.
        var at = key.LastIndexOf('/');
        return new Example
        {
            Chunk = at < 0 ? new ChunkKey { ChunkId = key } : new ChunkKey { DocumentId = key[..at], ChunkId = key[(at + 1)..] },
        };
    }

    private static Boost ParseBoost(ArgumentResult result, string text)
    {
        var parts = text.Split(':');
        var boost = new Boost { Key = parts[0] };
        if (parts.Length is < 3 or > 7 || !SetOrigin(boost, parts[1]) || SecondsOf(parts[2]) is not { } scale)
        {
            result.AddError($"'{text}' is no boost: write KEY:ORIGIN:SCALE, as in date:now:30d or price:20:5:0.5:linear.");
            return boost;
        }

        boost.Scale = scale;
        if (parts.Length > 3 && double.TryParse(parts[3], CultureInfo.InvariantCulture, out var weight))
            boost.Weight = weight;
        else if (parts.Length > 3)
            result.AddError($"'{parts[3]}' is no weight.");
        boost.Shape = parts.ElementAtOrDefault(4) switch
        {
            null or "gauss" => DecayShape.Gauss,
            "exp" => DecayShape.Exponential,
            "linear" => DecayShape.Linear,
            var other => Fail(result, other),
        };
        if (parts.Length > 5 && SecondsOf(parts[5]) is { } offset)
            boost.Offset = offset;
        else if (parts.Length > 5)
            result.AddError($"'{parts[5]}' is no offset: write a number, or days as 7d.");
        if (parts.Length > 6 && double.TryParse(parts[6], CultureInfo.InvariantCulture, out var decay))
            boost.Decay = decay;
        else if (parts.Length > 6)
            result.AddError($"'{parts[6]}' is no decay.");
        return boost;
    }

    // Times hold colons: only dates can be written here, and the library takes any time.
    private static bool SetOrigin(Boost boost, string origin)
    {
        if (origin == "now")
            boost.Now = new Google.Protobuf.WellKnownTypes.Empty();
        else if (double.TryParse(origin, CultureInfo.InvariantCulture, out var number))
            boost.Number = number;
        else if (DateOnly.TryParseExact(origin, "yyyy-MM-dd", CultureInfo.InvariantCulture, DateTimeStyles.None, out var day))
            boost.Time = Google.Protobuf.WellKnownTypes.Timestamp.FromDateTime(day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc));
        else
            return false;
        return true;
    }

    private static double? SecondsOf(string scale)
    {
        var inDays = scale.EndsWith('d');
        return double.TryParse(inDays ? scale[..^1] : scale, CultureInfo.InvariantCulture, out var number)
            ? number * (inDays ? 86_400 : 1)
            : null;
    }

    private static DecayShape Fail(ArgumentResult result, string value)
    {
        result.AddError($"'{value}' is no shape: choose gauss, exp or linear.");
        return DecayShape.Unspecified;
    }
}
