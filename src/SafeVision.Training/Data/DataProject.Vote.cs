namespace SafeVision.Training.Data;

/// <summary>Who votes on labels, and what the votes come to.</summary>
public sealed class VoteOptions
{
    /// <summary>The policy that defines the categories. Labels outside its categories are not voted on.</summary>
    public required SafetyPolicy Policy { get; init; }

    /// <summary>The judges; their names are distinct.</summary>
    public required IReadOnlyList<ImageJudge> Judges { get; init; }

    /// <summary>The rule; null: one vote each, and a majority rejects.</summary>
    public VoteRule? Rule { get; init; }

    /// <summary>Whether an image stays when too few judges had an opinion. Default false: what nobody judged teaches nothing.</summary>
    public bool KeepUndecided { get; init; }
}

public sealed partial class DataProject
{
    /// <summary>Has the labels of every image judged, and drops images with a label that is rejected. Every vote is
    /// kept with what was asked and answered. The rule in force is written into the stage's
    /// <c>stage.json</c>.</summary>
    /// <param name="vote">Who votes.</param>
    /// <param name="options">How it runs; null for the defaults.</param>
    /// <param name="cancellationToken">Stops it; what is written stays.</param>
    /// <exception cref="ArgumentException">There is no judge, two have one name, or the rule lacks one.</exception>
    /// <exception cref="TrainingDataException">Nothing is collected, the stage was begun with other options, or a file is damaged.</exception>
    public Task<StageSummary> VoteAsync(VoteOptions vote, StageRunOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(vote);
        string[] names = [.. vote.Judges.Select(judge => judge.Name)];
        VoteRule rule = vote.Rule ?? VoteRule.Create(names.Distinct().ToDictionary(name => name, _ => 1.0));
        if (names.Distinct().Count() != names.Length || !names.ToHashSet().SetEquals(rule.Weights.Keys))
        {
            throw new ArgumentException($"The judges are {string.Join(", ", names)}, and the rule weighs {string.Join(", ", rule.Weights.Keys)}: each judge has a name of its own and one weight.", nameof(vote));
        }

        Keep(vote.Policy);
        return RunAsync(
            Vote,
            new Dictionary<string, string>
            {
                ["policy"] = vote.Policy.ContentHash,
                ["rule"] = rule.Describe(),
                ["undecided"] = vote.KeepUndecided ? "kept" : "dropped",
                ["threshold"] = rule.Threshold.ToString("R", CultureInfo.InvariantCulture),
            },
            (record, stop) => VoteAsync(record, vote, rule, stop),
            options,
            cancellationToken);
    }

    private async Task<ImageRecord> VoteAsync(ImageRecord record, VoteOptions options, VoteRule rule, CancellationToken cancellationToken)
    {
        if (record.Labels is null)
        {
            return record.Drop("Nobody said what it falls under, so there is nothing to vote on.");
        }

        SafetyCategory?[] asked = [.. options.Policy.Categories.Where(category => record.Labels.Contains(category.Id, StringComparer.OrdinalIgnoreCase))];
        if (asked.Length == 0)
        {
            asked = [null]; // that nothing of the policy applies is a label too
        }

        List<CastVote> votes = [];
        List<string> problems = [];
        try
        {
            foreach (SafetyCategory? category in asked)
            {
                Dictionary<string, JudgeVote> cast = [];
                foreach (ImageJudge judge in options.Judges)
                {
                    JudgeAnswer answer = await judge.AskAsync(OpenImage(record), options.Policy, category, cancellationToken).ConfigureAwait(false);
                    votes.Add(new CastVote(judge.Name, answer.Vote, category?.Id, answer.Prompt, answer.Words));
                    cast[judge.Name] = answer.Vote;
                }

                string label = category?.Id ?? "harmless";
                switch (rule.Decide(cast))
                {
                    case VoteOutcome.Rejected:
                        problems.Add($"The judges reject the label {label}.");
                        break;
                    case VoteOutcome.Undecided when !options.KeepUndecided:
                        problems.Add($"Too few judges had an opinion on the label {label}.");
                        break;
                }
            }
        }
        catch (Exception error) when (error is ServedModelException or ImageRejectedException)
        {
            return record.Fail(error.Message);
        }

        record = record with { Votes = votes };
        return problems.Count == 0 ? record : record.Drop(string.Join(" ", problems));
    }
}
