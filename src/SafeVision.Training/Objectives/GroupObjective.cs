namespace SafeVision.Training.Objectives;

/// <summary>What the advantages of a group of answers are divided by.</summary>
public enum AdvantageScale
{
    /// <summary>The standard deviation with n - 1.</summary>
    SampleDeviation,

    /// <summary>The standard deviation with n.</summary>
    PopulationDeviation,

    /// <summary>Nothing (Dr. GRPO).</summary>
    None,
}

/// <summary>How the tokens' terms become one number.</summary>
public enum TokenAggregation
{
    /// <summary>The mean over each answer's tokens, then over answers (GRPO).</summary>
    AnswerMean,

    /// <summary>The sum over all tokens, divided by answers times the longest answer allowed (Dr. GRPO with a constant).</summary>
    AllowedLength,

    /// <summary>The sum over each answer's tokens, then the mean over answers (Dr. GRPO as its paper writes it).</summary>
    AnswerSum,

    /// <summary>All tokens of the batch alike (DAPO).</summary>
    TokenMean,

    /// <summary>All tokens of a prompt's group alike, then the mean over prompts (DAPO as its paper writes it).</summary>
    GroupMean,
}

/// <summary>Learns from rewards that can be checked: several answers to one prompt, each compared with its group (GRPO, arXiv
/// 2402.03300; Dr. GRPO, 2503.20783; DAPO, 2503.14476).</summary>
public sealed class GroupObjective
{
    private const double Epsilon = 1e-4; // added to the deviation, not under a root

    /// <summary>Default: the sample's deviation.</summary>
    public AdvantageScale Scale { get; init; }

    /// <summary>Default: the mean over each answer.</summary>
    public TokenAggregation Aggregation { get; init; }

    /// <summary>How far below 1 a ratio counts; default 0.2.</summary>
    public double ClipLow { get; init; } = 0.2;

    /// <summary>How far above 1 a ratio counts; default 0.2.</summary>
    public double ClipHigh { get; init; } = 0.2;

    /// <summary>The weight of the distance to the reference; default 0.04.</summary>
    public double Beta { get; init; } = 0.04;

    /// <summary>The longest answer allowed, in tokens, for <see cref="TokenAggregation.AllowedLength"/>.</summary>
    public int AllowedLength { get; init; } = 256;

    /// <summary>Whether groups whose rewards are all equal are left out (dynamic sampling); default false.</summary>
    public bool DropsEqualGroups { get; init; }

    /// <summary>How much better each answer is than its group.</summary>
    /// <param name="rewards">One for each answer.</param>
    /// <param name="groups">The prompt of each answer.</param>
    public double[] Advantages(ReadOnlySpan<double> rewards, ReadOnlySpan<long> groups)
    {
        double[] advantages = new double[rewards.Length];
        for (int i = 0; i < rewards.Length; i++)
        {
            double sum = 0, squares = 0;
            int count = 0;
            for (int j = 0; j < rewards.Length; j++)
            {
                (sum, count) = groups[j] == groups[i] ? (sum + rewards[j], count + 1) : (sum, count);
            }

            double mean = sum / count;
            for (int j = 0; j < rewards.Length; j++)
            {
                squares += groups[j] == groups[i] ? (rewards[j] - mean) * (rewards[j] - mean) : 0;
            }

            advantages[i] = (rewards[i] - mean) / (Scale switch
            {
                AdvantageScale.SampleDeviation => Math.Sqrt(squares / Math.Max(1, count - 1)) + Epsilon,
                AdvantageScale.PopulationDeviation => Math.Sqrt(squares / count) + Epsilon,
                _ => 1,
            });
        }

        return advantages;
    }

    /// <summary>The loss of a batch of answers.</summary>
    /// <param name="policy">Token log-probabilities under the model: [answers, tokens].</param>
    /// <param name="old">Those of the model that wrote the answers; constants.</param>
    /// <param name="reference">Those of the reference; constants.</param>
    /// <param name="mask">[answers, tokens]: 1 for the answers' tokens.</param>
    /// <param name="rewards">One for each answer.</param>
    /// <param name="groups">The prompt of each answer.</param>
    public Tensor Loss(Tensor policy, Tensor old, Tensor reference, Tensor mask, ReadOnlySpan<double> rewards, ReadOnlySpan<long> groups)
    {
        ArgumentNullException.ThrowIfNull(policy);
        ArgumentNullException.ThrowIfNull(mask);
        bool[] used = Used(rewards, groups);
        Tensor advantage = tensor(Advantages(rewards, groups)).to(policy.dtype).unsqueeze(1);
        Tensor counted = mask.to(policy.dtype) * tensor(used.Select(use => use ? 1f : 0f).ToArray()).to(policy.dtype).unsqueeze(1);
        Tensor ratio = (policy - old).exp();
        Tensor terms = minimum(ratio * advantage, ratio.Between(1 - ClipLow, 1 + ClipHigh) * advantage);
        if (Beta != 0)
        {
            Tensor distance = reference - policy; // the third estimator of Schulman's note on approximating KL
            terms -= (distance.exp() - distance).Plus(-1).Times(Beta);
        }

        return Aggregate(terms * counted, counted, used, groups).neg();
    }

    private Tensor Aggregate(Tensor terms, Tensor counted, bool[] used, ReadOnlySpan<long> groups)
    {
        int answers = used.Count(use => use);
        switch (Aggregation)
        {
            case TokenAggregation.AnswerMean:
                return (terms.sum(1) / counted.sum(1).AtLeast(1)).sum().Times(1.0 / answers);
            case TokenAggregation.AllowedLength:
                return terms.sum().Times(1 / ((double)answers * AllowedLength));
            case TokenAggregation.AnswerSum:
                return terms.sum().Times(1.0 / answers);
            case TokenAggregation.TokenMean:
                return terms.sum() / counted.sum().AtLeast(1);
            default:
                Tensor total = zeros(1, dtype: terms.dtype).squeeze();
                long[] prompts = [.. groups.ToArray().Where((_, i) => used[i]).Distinct()];
                foreach (long prompt in prompts)
                {
                    Tensor rows = tensor(groups.ToArray().Select((group, i) => (group, i)).Where(pair => pair.group == prompt).Select(pair => (long)pair.i).ToArray());
                    total = total.Plus(terms.index_select(0, rows).sum() / counted.index_select(0, rows).sum().AtLeast(1));
                }

                return total.Times(1.0 / prompts.Length);
        }
    }

    private bool[] Used(ReadOnlySpan<double> rewards, ReadOnlySpan<long> groups)
    {
        bool[] used = new bool[rewards.Length];
        for (int i = 0; i < used.Length; i++)
        {
            used[i] = !DropsEqualGroups;
            for (int j = 0; j < used.Length && !used[i]; j++)
            {
                used[i] = groups[j] == groups[i] && rewards[j] != rewards[i];
            }
        }

        return used;
    }
}
