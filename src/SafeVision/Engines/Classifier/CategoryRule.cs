using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision.Engines.Classifier;

/// <summary>One category compiled for a classifier: which labels count for it, how much, and through which of its phrases.</summary>
internal sealed class CategoryRule
{
    /// <summary>Below this a label's weight is noise: a thousand of them must not add up to evidence.</summary>
    private const double LeastWeight = 0.05;

    /// <summary>
    /// A label so much farther from a phrase than the closest one is not meant by it. "Dogs" is near "cat", but so much nearer
    /// "dog" that it can't mean both; "weapons" is about as near to a rifle as to a sword, and means both.
    /// </summary>
    private const float Reach = 0.27f;

    private CategoryRule(SafetyCategory category, LabelClaim[] claims, CategoryCoverage coverage) =>
        (Category, Claims, Coverage) = (category, claims, coverage);

    public SafetyCategory Category { get; }

    /// <summary>The labels that count.</summary>
    public IReadOnlyList<LabelClaim> Claims { get; }

    public CategoryCoverage Coverage { get; }

    /// <summary>Compares each phrase of the policy with each label, once.</summary>
    public static CategoryRule[] Compile(SafetyPolicy policy, LabelSpace labels, ClassifierEngineOptions options, CancellationToken cancellationToken)
    {
        string[] phrases = labels.ComparesPhrases
            ? [.. policy.Categories.SelectMany(category => category.Includes.Concat(category.Excludes)).Distinct()]
            : [];
        float[][] similarities = phrases.Length == 0 ? [] : labels.Compare(phrases, cancellationToken);
        Array.ForEach(similarities, LeaveOutSiblings);
        var rows = phrases.Index().ToDictionary(entry => entry.Item, entry => similarities[entry.Index]);
        return [.. policy.Categories.Select(category => Compile(category, labels, rows, options))];
    }

    private static void LeaveOutSiblings(float[] row)
    {
        float least = row.Max() - Reach;
        for (int label = 0; label < row.Length; label++)
        {
            row[label] = row[label] < least ? -1 : row[label]; // the least a cosine can be
        }
    }

    private static CategoryRule Compile(SafetyCategory category, LabelSpace labels, Dictionary<string, float[]> rows, ClassifierEngineOptions options)
    {
        var claims = new List<LabelClaim>();
        for (int label = 0; label < labels.Manifest.Labels.Count; label++)
        {
            (string? include, double similarity) = Closest(category.Includes, rows, label);
            (_, double excluded) = Closest(category.Excludes, rows, label);
            double mapped = labels.Manifest.Categories.GetValueOrDefault(labels.Manifest.Labels[label])?.GetValueOrDefault(category.Id) ?? 0;
            double meant = similarity >= options.LeastSimilarity ? Relevance(similarity, options) : 0;
            double weight = Math.Max(mapped, meant) - Exception(excluded, similarity, options);
            if (weight >= LeastWeight)
            {
                claims.Add(meant >= 0.5 || mapped == 0
                    ? new LabelClaim(label, weight, include!, similarity)
                    : new LabelClaim(label, weight, null, 1));
            }
        }

        return new CategoryRule(category, [.. claims], Cover(category, labels, rows, options, claims));
    }

    /// <summary>A phrase is covered when some label means the same; a category, too, when the model's map has it whole.</summary>
    private static CategoryCoverage Cover(
        SafetyCategory category, LabelSpace labels, Dictionary<string, float[]> rows, ClassifierEngineOptions options, List<LabelClaim> claims)
    {
        var covered = new List<CoveredPhrase>();
        var uncovered = new List<string>();
        string[] mapped = [.. claims.Where(claim => claim.Phrase is null).Select(claim => labels.Manifest.Labels[claim.Label])];
        if (mapped.Length > 0)
        {
            covered.Add(new CoveredPhrase(category.Name, mapped, 1));
        }

        foreach (string phrase in category.Includes)
        {
            LabelClaim[] carriers = rows.TryGetValue(phrase, out float[]? row)
                ? [.. claims.Where(claim => row[claim.Label] >= options.LeastSimilarity).OrderByDescending(claim => row[claim.Label])]
                : [];
            if (carriers.Length > 0)
            {
                covered.Add(new CoveredPhrase(phrase, [.. carriers.Select(claim => labels.Manifest.Labels[claim.Label])], row![carriers[0].Label]));
            }
            else
            {
                uncovered.Add(phrase);
            }
        }

        bool whole = mapped.Length > 0 && labels.Manifest.FullCategories.Contains(category.Id);
        CoverageLevel level = claims.Count == 0 || covered.Count == 0 ? CoverageLevel.None
            : whole || uncovered.Count == 0 ? CoverageLevel.Full
            : CoverageLevel.Partial;
        return new CategoryCoverage(category.Id, level, covered, whole ? [] : uncovered);
    }

    private static (string? Phrase, double Similarity) Closest(IReadOnlyList<string> phrases, Dictionary<string, float[]> rows, int label)
    {
        (string? closest, double best) = (null, -1); // the least a cosine can be
        foreach (string phrase in phrases)
        {
            if (rows.TryGetValue(phrase, out float[]? row) && row[label] > best)
            {
                (closest, best) = (phrase, row[label]);
            }
        }

        return (closest, best);
    }

    /// <summary>How much a label of this similarity counts, 0 to 1.</summary>
    private static double Relevance(double similarity, ClassifierEngineOptions options) =>
        Logistic((similarity - options.SimilarityMidpoint) / options.SimilarityScale);

    /// <summary>
    /// What the excludes take away. They must come closer to the label than the includes do: in one topic everything is
    /// similar to everything, and "couples kissing in clothes" must not make a model blind to what it was trained to see.
    /// </summary>
    private static double Exception(double excluded, double included, ClassifierEngineOptions options) =>
        Relevance(excluded, options) * Logistic((excluded - included) / options.SimilarityScale);

    private static double Logistic(double x) => 1 / (1 + Math.Exp(-x));
}
