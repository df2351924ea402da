namespace SafeVision.Training.Objectives;

/// <summary>How the tokens of an answer weigh in the supervised loss.</summary>
public enum AnswerWeighting
{
    /// <summary>Critical tokens (the category, the mark before the reason) share a part of each answer's weight between them.</summary>
    Share,

    /// <summary>The rule of the paper's published code: three positions behind the first assistant mark of the batch's first row.</summary>
    Positional,

    /// <summary>All answer tokens of the batch alike.</summary>
    Plain,

    /// <summary>Critical tokens count as one event, the verdict, which has a part of each answer's weight however long the answer
    /// is; the others share the rest. So no verdict is favoured for being short.</summary>
    Verdict,
}

/// <summary>The supervised loss with the paper's customised weights (arXiv 2510.23960): what decides the verdict must not drown in
/// the words of the reason.</summary>
public sealed class SupervisedObjective
{
    /// <summary>The label of a token that is not learnt.</summary>
    public const long Ignored = -100;

    /// <summary>The rule; default <see cref="AnswerWeighting.Verdict"/>.</summary>
    public AnswerWeighting Weighting { get; init; } = AnswerWeighting.Verdict;

    /// <summary>The critical tokens, by id: those of the categories, and the mark before the reason.</summary>
    public IReadOnlySet<long> CriticalTokens { get; init; } = new HashSet<long>();

    /// <summary>The critical tokens' part of an answer's weight, above 0 and below 1; default a third.</summary>
    public double Share { get; init; } = 1.0 / 3;

    /// <summary>Whether a critical token never weighs less than another; default true. Without it an answer of two tokens, the
    /// verdict and the end, gives the verdict half of the end's weight.</summary>
    public bool HasFloor { get; init; } = true;

    /// <summary>The tokens of the assistant's mark, for <see cref="AnswerWeighting.Positional"/>.</summary>
    public IReadOnlyList<long> AssistantMark { get; init; } = [];

    /// <summary>How many positions the positional rule raises; the published code has 3.</summary>
    public int RaisedPositions { get; init; } = 3;

    /// <summary>What the positional rule divides the rest of the row by; the published code has 6.</summary>
    public double Divisor { get; init; } = 6;

    /// <summary>The loss of a batch.</summary>
    /// <param name="logits">[rows, tokens, vocabulary].</param>
    /// <param name="ids">[rows, tokens] int64.</param>
    /// <param name="labels">[rows, tokens] int64, not shifted.</param>
    /// <returns>A scalar. By share: the mean over rows with an answer of their weighted means. By verdict: the mean over those rows
    /// of share · (-log p of the critical tokens together) + (1 - share) · (mean loss of the others). Otherwise the weighted
    /// mean over the batch, which by position counts padding too, as the published code does.</returns>
    /// <param name="critical">[rows, tokens] bool: which tokens are critical, in place of <see cref="CriticalTokens"/>; null: by their ids.</param>
    public Tensor Loss(Tensor logits, Tensor ids, Tensor labels, Tensor? critical = null)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        labels = labels.to(logits.device);
        Tensor losses = TokenLosses(logits, labels), weights = Weights(ids, labels, critical).to(losses.dtype).to(losses.device);
        if (Weighting is not (AnswerWeighting.Share or AnswerWeighting.Verdict))
        {
            return (losses * weights).sum() / weights.sum();
        }

        Tensor sums = weights.sum(1), answered = sums.Above(0), rows = (losses * weights).sum(1);
        return (Weighting == AnswerWeighting.Share ? rows / sums.AtLeast(1e-12) : rows).masked_select(answered).mean();
    }

    /// <summary>The cross entropy of each next token, 0 where it is not learnt: [rows, tokens - 1].</summary>
    public static Tensor TokenLosses(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        long rows = logits.shape[0], next = logits.shape[1] - 1, vocabulary = logits.shape[2];
        Tensor losses = nn.functional.cross_entropy(
            logits.narrow(1, 0, next).reshape(rows * next, vocabulary),
            labels.narrow(1, 1, next).reshape(rows * next),
            ignore_index: Ignored,
            reduction: nn.Reduction.None);
        return losses.view(rows, next);
    }

    /// <summary>The weight of each next token: [rows, tokens - 1] float64.</summary>
    public Tensor Weights(Tensor ids, Tensor labels, Tensor? critical = null)
    {
        ArgumentNullException.ThrowIfNull(ids);
        ArgumentNullException.ThrowIfNull(labels);
        int rows = (int)labels.shape[0], next = (int)labels.shape[1] - 1;
        long[] label = labels.cpu().contiguous().data<long>().ToArray();
        double[] weights = new double[rows * next];
        bool[] isCritical = critical is null ? [.. label.Select(CriticalTokens.Contains)] : critical.cpu().contiguous().data<bool>().ToArray();
        double[] positional = Weighting == AnswerWeighting.Positional ? Positional(ids.cpu()[0].contiguous().data<long>().ToArray()) : [];
        for (int row = 0; row < rows; row++)
        {
            ReadOnlySpan<long> answer = label.AsSpan((row * (next + 1)) + 1, next);
            ReadOnlySpan<bool> marked = isCritical.AsSpan((row * (next + 1)) + 1, next);
            Span<double> target = weights.AsSpan(row * next, next);
            switch (Weighting)
            {
                case AnswerWeighting.Positional:
                    positional.CopyTo(target);
                    break;
                case AnswerWeighting.Plain:
                    Fill(answer, marked, 1, 1, target);
                    break;
                case AnswerWeighting.Verdict:
                    (int all, int verdict) = Count(answer, marked);
                    Fill(answer, marked, Share, (verdict == 0 ? 1 : 1 - Share) / Math.Max(1, all - verdict), target);
                    break;
                default:
                    Fill(answer, marked, Alpha(answer, marked), 1, target);
                    break;
            }
        }

        return tensor(weights, [rows, next], dtype: ScalarType.Float64);
    }

    /// <summary>What a critical token weighs where another weighs 1.</summary>
    private double Alpha(ReadOnlySpan<long> answer, ReadOnlySpan<bool> marked)
    {
        (int all, int critical) = Count(answer, marked);
        double alpha = critical == 0 || critical == all ? 1 : Share / (1 - Share) * (all - critical) / critical;
        return HasFloor ? Math.Max(1, alpha) : alpha;
    }

    private static (int All, int Critical) Count(ReadOnlySpan<long> answer, ReadOnlySpan<bool> marked)
    {
        int all = 0, critical = 0;
        for (int i = 0; i < answer.Length; i++)
        {
            all += answer[i] == Ignored ? 0 : 1;
            critical += answer[i] != Ignored && marked[i] ? 1 : 0;
        }

        return (all, critical);
    }

    private static void Fill(ReadOnlySpan<long> answer, ReadOnlySpan<bool> marked, double critical, double other, Span<double> weights)
    {
        for (int i = 0; i < answer.Length; i++)
        {
            weights[i] = answer[i] == Ignored ? 0 : marked[i] ? critical : other;
        }
    }

    /// <summary>The published rule (github.com/xupy2003/SafeVision, PostTraining), its wrapping indices included: a mark that is
    /// not found counts as position -1.</summary>
    private double[] Positional(long[] firstRow)
    {
        int count = firstRow.Length - 1, mark = LastOfFirstMark(firstRow);
        double[] weights = new double[count];
        for (int i = mark - 1 < 0 ? Math.Max(0, count + mark - 1) : mark - 1; i < count; i++)
        {
            weights[i] = 1;
        }

        if (mark + RaisedPositions - 1 < count)
        {
            for (int i = mark; i < mark + RaisedPositions; i++)
            {
                weights[i < 0 ? count + i : i] = (firstRow.Length - mark) / Divisor;
            }
        }

        return weights;
    }

    private int LastOfFirstMark(long[] row)
    {
        long[] mark = [.. AssistantMark];
        int start = mark.Length == 0 ? -1 : row.AsSpan().IndexOf(mark);
        return start < 0 ? -1 : start + mark.Length - 1;
    }
}
