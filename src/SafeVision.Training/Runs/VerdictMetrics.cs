namespace SafeVision.Training.Runs;

/// <summary>How a model's verdicts stand to the truth.</summary>
public sealed record VerdictMetrics
{
    /// <summary>How many questions were asked.</summary>
    public required int Samples { get; init; }

    /// <summary>The part with exactly the right answer, category included.</summary>
    public required double Right { get; init; }

    /// <summary>The 95 % interval of <see cref="Right"/> (Wilson).</summary>
    public required IReadOnlyList<double> RightInterval { get; init; }

    /// <summary>What always the commonest answer would reach.</summary>
    public required double Majority { get; init; }

    /// <summary>The part of harmful images that are called harmful; null where there are none.</summary>
    public double? Recall { get; init; }

    /// <summary>The part of safe images that are called harmful; null where there are none.</summary>
    public double? FalsePositives { get; init; }

    /// <summary>How well "not safe" ranks harmful images above safe ones, ties counted half; null where one kind is missing.</summary>
    public double? RocAuc { get; init; }

    /// <summary>The mean distance between certainty and being right, in 10 bins by certainty.</summary>
    public required double CalibrationError { get; init; }

    /// <summary>Of pairs of samples whose truths differ (an edited image, a policy on the other side), the part with both right; null where there are none.</summary>
    public double? Flips { get; init; }

    /// <summary>Of reasons for right verdicts, the part that names something that is there; null where none was asked for.</summary>
    public double? ReasonsNameWhatIsThere { get; init; }

    /// <summary>The part of each category's images that got it; the safe ones under <c>safe</c>.</summary>
    public IReadOnlyDictionary<string, double> ByCategory { get; init; } = new SortedDictionary<string, double>(StringComparer.Ordinal);

    internal static VerdictMetrics Of(IReadOnlyList<JudgedQuestion> judged, double? reasons)
    {
        if (judged.Count == 0)
        {
            throw new TrainingException("There is no sample that asks for a verdict under a policy, so there is nothing to measure. Samples of the kind policy, with a policy file or with --policy, do.");
        }

        double[] scores = [.. judged.Select(answer => 1 - answer.Shares[0])];
        bool[] harmful = [.. judged.Select(answer => answer.Question.Truth > 0)];
        int right = judged.Count(answer => answer.IsRight), positives = harmful.Count(isHarmful => isHarmful), negatives = harmful.Length - positives;
        Dictionary<string, JudgedQuestion> byId = judged.ToDictionary(answer => answer.Question.Sample.Id);
        (JudgedQuestion One, JudgedQuestion Other)[] pairs = [.. judged
            .Where(answer => answer.Question.Sample.Pair is { } partner && byId.TryGetValue(partner, out JudgedQuestion? other) && other.Question.Truth != answer.Question.Truth)
            .Select(answer => (answer, byId[answer.Question.Sample.Pair!]))
            .DistinctBy(pair => string.CompareOrdinal(pair.answer.Question.Sample.Id, pair.Item2.Question.Sample.Id) < 0 ? (pair.answer.Question.Sample.Id, pair.Item2.Question.Sample.Id) : (pair.Item2.Question.Sample.Id, pair.answer.Question.Sample.Id))];
        return new VerdictMetrics
        {
            Samples = judged.Count,
            Right = right / (double)judged.Count,
            RightInterval = Wilson(right, judged.Count),
            Majority = judged.GroupBy(answer => answer.Question.Sample.Category ?? "").Max(group => group.Count()) / (double)judged.Count,
            Recall = positives == 0 ? null : judged.Count(answer => answer.Question.Truth > 0 && answer.Verdict > 0) / (double)positives,
            FalsePositives = negatives == 0 ? null : judged.Count(answer => answer.Question.Truth == 0 && answer.Verdict > 0) / (double)negatives,
            RocAuc = positives == 0 || negatives == 0 ? null : Rank(scores, harmful),
            CalibrationError = Calibration(judged),
            Flips = pairs.Length == 0 ? null : pairs.Count(pair => pair.One.IsRight && pair.Other.IsRight) / (double)pairs.Length,
            ReasonsNameWhatIsThere = reasons,
            ByCategory = new SortedDictionary<string, double>(
                judged.GroupBy(answer => answer.Question.Sample.Category ?? "safe").ToDictionary(group => group.Key, group => group.Count(answer => answer.IsRight) / (double)group.Count()), StringComparer.Ordinal),
        };
    }

    /// <summary>Wilson's interval of a share, 95 %.</summary>
    internal static double[] Wilson(int hits, int count)
    {
        const double Z = 1.959964;
        double share = hits / (double)count, centre = share + (Z * Z / (2 * count)), half = Z * Math.Sqrt((share * (1 - share) / count) + (Z * Z / (4.0 * count * count)));
        return [(centre - half) / (1 + (Z * Z / count)), (centre + half) / (1 + (Z * Z / count))];
    }

    private static double Rank(double[] scores, bool[] harmful)
    {
        double wins = 0, pairs = 0;
        for (int i = 0; i < scores.Length; i++)
        {
            for (int j = 0; harmful[i] && j < scores.Length; j++)
            {
                wins += harmful[j] ? 0 : scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
                pairs += harmful[j] ? 0 : 1;
            }
        }

        return wins / pairs;
    }

    private static double Calibration(IReadOnlyList<JudgedQuestion> judged) => judged
        .GroupBy(answer => Math.Min(9, (int)(answer.Shares[answer.Verdict] * 10)))
        .Sum(bin => Math.Abs(bin.Sum(answer => answer.Shares[answer.Verdict] - (answer.IsRight ? 1 : 0)))) / judged.Count;
}

/// <summary>What is known to be in images, by the answers to questions that list it: what a reason may name.</summary>
internal sealed class NamedThings
{
    private static readonly HashSet<string> s_idle = ["a", "an", "and", "are", "at", "contains", "has", "image", "in", "is", "it", "nothing", "of", "on", "or", "picture", "shows", "the", "there", "this", "which", "with"];

    private readonly Dictionary<string, (HashSet<string> Words, bool IsListed)> _there = new(StringComparer.Ordinal);

    /// <summary>Takes note of a sample. Where something lists all that is in an image, that alone counts: a reason also has words for places.</summary>
    public void Add(TrainingSample sample)
    {
        bool isList = sample.Kind == QuestionKind.List;
        if ((isList ? sample.Turns[^1].Answer : SampleEncoder.Reason(sample)) is not { } words)
        {
            return;
        }

        if (!_there.TryGetValue(sample.ImageHash, out (HashSet<string> Words, bool IsListed) there) || (isList && !there.IsListed))
        {
            _there[sample.ImageHash] = there = ([], isList);
        }

        if (isList == there.IsListed)
        {
            there.Words.UnionWith(Words(words));
        }
    }

    /// <summary>The words for what is known to be in an image.</summary>
    public IReadOnlyCollection<string> Of(string imageHash) => _there.TryGetValue(imageHash, out (HashSet<string> Words, bool) there) ? there.Words : [];

    /// <summary>Whether a reason names something that is in the image; null where nothing is known of it.</summary>
    public bool? Names(string imageHash, string reason) => _there.TryGetValue(imageHash, out (HashSet<string> Words, bool) there) ? Words(reason).Any(there.Words.Contains) : null;

    internal static IEnumerable<string> Words(string text) =>
        new string([.. text.ToLowerInvariant().Select(letter => char.IsLetterOrDigit(letter) || letter == '-' ? letter : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries).Where(word => !s_idle.Contains(word));
}
