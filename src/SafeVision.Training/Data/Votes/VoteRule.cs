namespace SafeVision.Training.Data.Votes;

/// <summary>What the votes on a label come to.</summary>
public enum VoteOutcome
{
    /// <summary>Too few judges had an opinion.</summary>
    Undecided,

    /// <summary>The label stands.</summary>
    Upheld,

    /// <summary>The label is wrong.</summary>
    Rejected,
}

/// <summary>How judges' votes decide on a label: it is rejected where the weighted share of "no" among those who had an
/// opinion is above a threshold. Immutable.</summary>
public sealed class VoteRule
{
    private const int MostNamed = 12; // judges whose alliances are counted: 4,096

    private VoteRule(IReadOnlyDictionary<string, double> weights, double threshold, int fewestVotes, string origin) =>
        (Weights, Threshold, FewestVotes, Origin) = (weights, threshold, fewestVotes, origin);

    /// <summary>The judges' weights by name, above 0.</summary>
    public IReadOnlyDictionary<string, double> Weights { get; }

    /// <summary>The share above which a label is rejected, 0 to below 1.</summary>
    public double Threshold { get; }

    /// <summary>The fewest judges with an opinion for a decision.</summary>
    public int FewestVotes { get; }

    /// <summary>Where the numbers come from.</summary>
    public string Origin { get; }

    /// <summary>A rule of one's own.</summary>
    /// <param name="weights">The judges' weights by name, above 0.</param>
    /// <param name="threshold">The share of "no" above which a label is rejected, 0 to below 1; 0.5: a majority.</param>
    /// <param name="fewestVotes">The fewest judges with an opinion for a decision, 1 to the number of judges.</param>
    /// <exception cref="ArgumentException">A number is out of its range, or there is no judge.</exception>
    public static VoteRule Create(IReadOnlyDictionary<string, double> weights, double threshold = 0.5, int fewestVotes = 1)
    {
        ArgumentNullException.ThrowIfNull(weights);
        return weights.Count == 0 || weights.Values.Any(weight => !(weight > 0 && double.IsFinite(weight)))
            ? throw new ArgumentException("There is at least one judge, and every weight is a number above 0.", nameof(weights))
            : !(threshold is >= 0 and < 1) ? throw new ArgumentOutOfRangeException(nameof(threshold), threshold, "A threshold is 0 to below 1.")
            : fewestVotes < 1 || fewestVotes > weights.Count ? throw new ArgumentOutOfRangeException(nameof(fewestVotes), fewestVotes, $"1 to {weights.Count} judges decide.")
            : new VoteRule(weights, threshold, fewestVotes, "own weights");
    }

    /// <summary>The paper's schedule for a round of refinement (its published code): the model's own weight is
    /// 0.15·√round, the others share the rest, and the threshold is 0.70 + 0.05·round. Its dead ends come with it: from
    /// round 2 on only all judges together can reject, from round 6 on nobody can, and the model's own vote never
    /// outweighs anybody. <see cref="Describe"/> says which of them is in force.</summary>
    /// <param name="round">The round, from 1.</param>
    /// <param name="own">The name of the model in training.</param>
    /// <param name="others">The names of the other judges.</param>
    /// <param name="highestThreshold">What the threshold is held to; 0.9 keeps late rounds alive. Null: as published.</param>
    /// <exception cref="ArgumentException">There is no other judge, or the round is so late that the others' weights are used up.</exception>
    public static VoteRule Paper(int round, string own, IReadOnlyList<string> others, double? highestThreshold = null)
    {
        ArgumentNullException.ThrowIfNull(others);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(round);
        double weight = 0.15 * Math.Sqrt(round);
        if (others.Count == 0 || weight >= 1)
        {
            throw new ArgumentException($"The schedule needs other judges, and ends with round 44, after which the model's own weight is above 1; this is round {round} with {others.Count} others.", nameof(others));
        }

        Dictionary<string, double> weights = others.ToDictionary(name => name, _ => (1 - weight) / others.Count);
        weights[own] = weight;
        double threshold = Math.Min(0.70 + (0.05 * round), highestThreshold ?? double.MaxValue);
        return new VoteRule(weights, threshold, 1, string.Create(CultureInfo.InvariantCulture, $"the paper's schedule, round {round}{(highestThreshold is null ? "" : ", its threshold held down")}"));
    }

    /// <summary>What votes come to.</summary>
    /// <param name="votes">Each judge's vote; a judge without a weight is an error, one without a vote abstains.</param>
    /// <exception cref="ArgumentException">A judge has no weight.</exception>
    public VoteOutcome Decide(IReadOnlyDictionary<string, JudgeVote> votes)
    {
        ArgumentNullException.ThrowIfNull(votes);
        (double no, double all, int count) = (0, 0, 0);
        foreach ((string judge, JudgeVote vote) in votes)
        {
            double weight = Weights.TryGetValue(judge, out double own) ? own : throw new ArgumentException($"The judge '{judge}' has no weight.", nameof(votes));
            if (vote != JudgeVote.Abstain)
            {
                (no, all, count) = (no + (vote == JudgeVote.No ? weight : 0), all + weight, count + 1);
            }
        }

        return count < FewestVotes || all == 0 ? VoteOutcome.Undecided
            : no / all > Threshold + 1e-12 ? VoteOutcome.Rejected
            : VoteOutcome.Upheld;
    }

    /// <summary>The rule in force in one paragraph: weights, threshold, and who together can reject a label when all have an opinion.</summary>
    public string Describe()
    {
        string[] judges = [.. Weights.Keys.Order(StringComparer.Ordinal)];
        string weights = string.Join(", ", judges.Select(judge => string.Create(CultureInfo.InvariantCulture, $"{judge} {Weights[judge]:0.###}")));
        return string.Create(CultureInfo.InvariantCulture, $"Vote by {Origin}: {weights}; a label is rejected above {Threshold:0.###} of \"no\" among at least {FewestVotes} judges with an opinion. ") + Power(judges);
    }

    private string Power(string[] judges)
    {
        if (judges.Length > MostNamed)
        {
            return $"{judges.Length} judges: who can reject together is not listed.";
        }

        // The smallest alliances: each that rejects, and no part of which does.
        List<int> least = [];
        foreach (int alliance in Enumerable.Range(1, (1 << judges.Length) - 1).OrderBy(int.PopCount))
        {
            if (!least.Any(smaller => (smaller & alliance) == smaller) && Rejects(alliance))
            {
                least.Add(alliance);
            }
        }

        return least.Count == 0 ? "With all votes cast NOTHING CAN BE REJECTED: the threshold cannot be reached."
            : least is [int only] && only == (1 << judges.Length) - 1 ? "With all votes cast only ALL JUDGES TOGETHER can reject a label."
            : $"With all votes cast these reject: {string.Join("; ", least.Select(alliance => string.Join(" + ", judges.Where((_, i) => (alliance >> i & 1) == 1))))}.";

        bool Rejects(int alliance) => Decide(judges.Select((judge, i) => (judge, Vote: (alliance >> i & 1) == 1 ? JudgeVote.No : JudgeVote.Yes)).ToDictionary(pair => pair.judge, pair => pair.Vote)) == VoteOutcome.Rejected;
    }
}
