using System.CommandLine;
using Rag.V1;

namespace Rag.Cli.Options;

/// <summary>Options of verbs that are about jobs.</summary>
internal static class JobOptions
{
    private const string StateNames = "queued|extracting|embedding|indexing|done|failed|cancelled";

    /// <summary><c>--state failed --state done</c>; dead is another word for failed.</summary>
    public static Option<JobState[]> States() => new("--state")
    {
        Description = "Only jobs in this state; as often as you like. 'dead' is the same as 'failed'.",
        HelpName = StateNames,
        CustomParser = result =>
        {
            var states = new List<JobState>();
            foreach (var token in result.Tokens)
            {
                var word = token.Value.ToLowerInvariant();
                if (word == "dead")
                    states.Add(JobState.Failed);
                else if (StateNames.Split('|').Contains(word) && Enum.TryParse<JobState>(word, true, out var state))
                    states.Add(state);
                else
                    result.AddError($"'{token.Value}' is no state: choose {StateNames.Replace("|", ", ", StringComparison.Ordinal)}.");
            }

            return [.. states];
        },
    };

    /// <summary><c>--priority high|normal|bulk</c>; unspecified where it is not given.</summary>
    public static Option<JobPriority> Priority(string description) => new("--priority")
    {
        Description = description,
        HelpName = "high|normal|bulk",
        CustomParser = result =>
        {
            switch (result.Tokens[0].Value.ToLowerInvariant())
            {
                case "high":
                    return JobPriority.High;
                case "normal":
                    return JobPriority.Normal;
                case "bulk":
                    return JobPriority.Bulk;
                case var other:
                    result.AddError($"'{other}' is no priority: choose high, normal or bulk.");
                    return JobPriority.Unspecified;
            }
        },
    };
}
