using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision.Engines.ClosedSet;

/// <summary>One category compiled for a classifier: which labels count for it, how much, and through which of its phrases.</summary>
internal sealed class CategoryRule
{
    private const string HeadKind = "classifierHead";

    /// <summary>Below this a label's weight is noise: a thousand of them must not add up to evidence.</summary>
    private const double LeastWeight = 0.05;

    /// <summary>
    /// A label so much farther from a phrase than the closest one is not meant by it. "Dogs" is near "cat", but so much nearer
    /// "dog" that it can't mean both; "weapons" is about as near to a rifle as to a sword, and means both.
    /// </summary>
    private const float Reach = 0.27f;

    private readonly float[] _weights; // [labels]

    private CategoryRule(SafetyCategory category, LabelClaim[] claims, float[] weights, CategoryCoverage coverage) =>
        (Category, Claims, _weights, Coverage) = (category, claims, weights, coverage);

    public SafetyCategory Category { get; }

    /// <summary>The labels that count and are named as evidence.</summary>
    public IReadOnlyList<LabelClaim> Claims { get; }

    /// <summary>How much of each label's probability counts, 0 to 1.</summary>
    public ReadOnlySpan<float> Weights => _weights;

    public CategoryCoverage Coverage { get; }

    /// <summary>Compares each phrase of the policy with each label, once.</summary>
    public static CategoryRule[] Compile(SafetyPolicy policy, LabelSpace labels, ClassifierEngineOptions options, CancellationToken cancellationToken)
    {
        SimilarityScale scale = labels.Manifest.Kind == HeadKind
            ? new(options.DrawnSimilarityMidpoint, options.SimilarityScale, Least: -1)
            : new(options.SimilarityMidpoint, options.SimilarityScale, options.LeastSimilarity);
        string[] phrases = labels.ComparesPhrases
            ? [.. policy.Categories.SelectMany(category => category.Includes.Concat(category.Excludes)).Distinct()]
            : [];
        float[][] similarities = phrases.Length == 0 ? [] : labels.Compare(phrases, cancellationToken);
        Array.ForEach(similarities, LeaveOutSiblings);
        var rows = phrases.Index().ToDictionary(entry => entry.Item, entry => similarities[entry.Index]);
        return [.. policy.Categories.Select(category => Compile(category, labels, rows, scale))];
    }

    private static void LeaveOutSiblings(float[] row)
    {
        float least = row.Max() - Reach;
        for (int label = 0; label < row.Length; label++)
        {
            row[label] = row[label] < least ? -1 : row[label]; // the least a cosine can be
        }
    }

    private static CategoryRule Compile(SafetyCategory category, LabelSpace labels, Dictionary<string, float[]> rows, SimilarityScale scale)
    {
        var claims = new List<LabelClaim>();
        float[] weights = new float[labels.Manifest.Labels.Count];
        for (int label = 0; label < weights.Length; label++)
        {
            (string? include, double similarity) = Closest(category.Includes, rows, label);
            (_, double excluded) = Closest(category.Excludes, rows, label);
            double mapped = labels.Manifest.Categories.GetValueOrDefault(labels.Manifest.Labels[label])?.GetValueOrDefault(category.Id) ?? 0;
            double meant = similarity >= scale.Least ? scale.Relevance(similarity) : 0;
            double weight = Math.Max(mapped, meant) - scale.Exception(excluded, similarity);
            weights[label] = (float)(weight >= LeastWeight || !scale.IsCut ? Math.Max(weight, 0) : 0);
            if (weight >= LeastWeight)
            {
                claims.Add(meant >= 0.5 || mapped == 0
                    ? new LabelClaim(label, weight, include!, similarity)
                    : new LabelClaim(label, weight, null, 1));
            }
        }

        return new CategoryRule(category, [.. claims], weights, Cover(category, labels, rows, scale, claims));
    }

    /// <summary>A phrase is covered when some label means the same; a category, too, when the model's map has it whole.</summary>
    private static CategoryCoverage Cover(
        SafetyCategory category, LabelSpace labels, Dictionary<string, float[]> rows, SimilarityScale scale, List<LabelClaim> claims)
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
                ? [.. claims.Where(claim => row[claim.Label] >= scale.Least).OrderByDescending(claim => row[claim.Label])]
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
}
