namespace SafeVision.Engines.ClosedSet;

/// <summary>From probabilities to a score, its evidence, and a sentence that a person could have said.</summary>
/// <param name="head">The layer that told them; null: the network's own.</param>
internal sealed class ClassifierReport(ClassifierNetwork network, LabelSet labels, FeatureHead? head = null)
{
    private const double LeastScore = 0.02; // a score below this has nothing to point at
    private const int LabelsNamed = 3; // labels named in the evidence and summed in the heat map

    /// <summary>Why a flat image is judged in part only.</summary>
    private const string Flat = "The image is flat, like a drawing, a screen or a document, which these models know less well than photographs.";

    /// <summary>A second label that gives at least this share of the first one's part is named beside it.</summary>
    private const double LeastShared = 0.5;

    /// <summary>The probability mass of the category's labels, 0 to 1.</summary>
    public static double Mass(CategoryRule rule, ReadOnlySpan<float> shares) => Math.Clamp((double)TensorPrimitives.Dot(rule.Weights, shares), 0, 1);

    /// <summary>What a mass is worth as a score, 0 to 1.</summary>
    public double Score(double mass) => labels.Manifest.Calibration?.Score(mass) ?? mass;

    /// <summary>An assessment whose score is held at even odds, because another network is sure of something else.</summary>
    public static CategoryAssessment Doubt(CategoryAssessment assessment, string something) => CategoryAssessment.Assessed(
        assessment.CategoryId,
        SecondOpinion.Held,
        assessment.Coverage,
        $"{assessment.Reason} But another model is sure of something else, {something}, so that it counts as no more likely than not.",
        assessment.Evidence);

    /// <param name="level">How much of the category is judged in this image.</param>
    /// <param name="mass">The probability mass that the score is made from.</param>
    /// <param name="isFlat">Whether the image is flat like a drawing, a screen or a document.</param>
    public CategoryAssessment Assess(
        CategoryRule rule, CoverageLevel level, double score, double mass, ReadOnlySpan<float> shares, in SeenViews seen, bool isFlat)
    {
        string id = rule.Category.Id;
        if (level == CoverageLevel.None)
        {
            return CategoryAssessment.NotAssessed(id, "Nothing that the models can name means what this category includes.");
        }

        if (score < LeastScore || rule.Labels.Count == 0)
        {
            string safe = SentenceOnSafe(rule, shares, seen.Run);
            return CategoryAssessment.Assessed(id, score, level, isFlat ? $"{safe} {Flat}" : safe, Evidence.None with { Probability = mass });
        }

        Span<(int Label, double Part)> strongest = stackalloc (int, double)[LabelsNamed];
        strongest = strongest[..Strongest(rule, shares, strongest)];
        var named = new LabelEvidence[strongest.Length];
        for (int i = 0; i < named.Length; i++)
        {
            RuleLabel label = rule.Labels[strongest[i].Label];
            named[i] = new LabelEvidence(label.Label.Id, shares[label.Label.Output], label.Phrase, label.Relation, label.Word) { Weight = label.Weight };
        }

        HeatMap? heat = network.HasActivationMaps ? Map(rule, strongest, seen) : null;
        var evidence = new Evidence { Probability = mass, Labels = named, HeatMap = heat, Boxes = heat is null ? [] : [heat.Box()] };
        string reason = Sentence(rule, strongest, shares, heat, seen.Run);
        return CategoryAssessment.Assessed(id, score, level, isFlat ? $"{reason} {Flat}" : reason, evidence);
    }

    private static int Strongest(CategoryRule rule, ReadOnlySpan<float> shares, Span<(int Label, double Part)> strongest)
    {
        int count = 0;
        for (int label = 0; label < rule.Labels.Count; label++)
        {
            double part = rule.Labels[label].Weight * shares[rule.Labels[label].Label.Output];
            int place = count;
            while (place > 0 && strongest[place - 1].Part < part)
            {
                place--;
            }

            if (place < strongest.Length)
            {
                count = Math.Min(count + 1, strongest.Length);
                strongest[place..(count - 1)].CopyTo(strongest[(place + 1)..count]);
                strongest[place] = (label, part);
            }
        }

        return count;
    }

    /// <summary>The activation maps of the strongest labels, added up by their parts in the score.</summary>
    private HeatMap? Map(CategoryRule rule, ReadOnlySpan<(int Label, double Part)> strongest, in SeenViews seen)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(network.Channels);
        Span<float> weights = rented.AsSpan(0, network.Channels);
        weights.Clear();
        foreach ((int label, double part) in strongest)
        {
            int output = rule.Labels[label].Label.Output;
            float share = (float)(part / strongest[0].Part);
            if (head is null)
            {
                TensorPrimitives.MultiplyAdd(network.HeadWeights(output), share, weights, weights);
            }
            else
            {
                head.AddWeights(output, share, weights);
            }
        }

        Span<float> map = stackalloc float[network.MapWidth * network.MapHeight];
        map.Clear();
        network.AddActivationMap(seen.Run.Features(seen.View), weights, map);
        ArrayPool<float>.Shared.Return(rented);
        return ToHeatMap(map, seen.Region);
    }

    /// <summary>The map's positive part, its maximum scaled to 1; null when nothing speaks for the category.</summary>
    private HeatMap? ToHeatMap(Span<float> map, ImageBox region)
    {
        TensorPrimitives.Max(map, 0f, map);
        float largest = TensorPrimitives.Max<float>(map);
        if (!(largest > 0) || !float.IsFinite(largest))
        {
            return null;
        }

        TensorPrimitives.Divide(map, largest, map);
        return new HeatMap(network.MapWidth, network.MapHeight, map.ToArray(), region);
    }

    /// <summary>Why the score is what it is: "Looks like a revolver (99 %), a kind of firearm; the policy's 'firearms' includes it."</summary>
    private string Sentence(CategoryRule rule, ReadOnlySpan<(int Label, double Part)> strongest, ReadOnlySpan<float> shares, HeatMap? heat, NetworkRun run)
    {
        RuleLabel first = rule.Labels[strongest[0].Label];
        int top = TensorPrimitives.IndexOfMax(shares);
        if (!rule.Includes(top) && shares[top] > TensorPrimitives.Dot(rule.Weights, shares))
        {
            return rule.ExceptionOf(top) is not null
                ? SentenceOnSafe(rule, shares, run)
                : $"Looks like {Seen(top, shares)}, which the policy doesn't include, and less like {Seen(first.Label.Output, shares)}, which its '{first.Phrase}' includes.";
        }

        string where = heat is null ? "" : $" It is strongest in {heat.Where()}.";
        string seen = Seen(first.Label.Output, shares);
        if (first.Relation == LabelReason.CountsAs)
        {
            return $"Looks like {seen}, which counts as '{first.Word}'.{where}";
        }

        if (strongest.Length > 1 && strongest[1].Part >= LeastShared * strongest[0].Part && rule.Labels[strongest[1].Label] is var second
            && (second.Phrase, second.Relation, second.Word) == (first.Phrase, first.Relation, first.Word))
        {
            string kinds = first.Relation switch { LabelReason.Is => "", LabelReason.KindOf => $", kinds of {first.Word}", _ => $", each of which {first.Relation} {first.Word}" };
            return $"Looks like {seen} or {Seen(second.Label.Output, shares)}{kinds}; the policy's '{first.Phrase}' includes them.{where}";
        }

        string kind = first.Relation switch { LabelReason.Is => "", LabelReason.KindOf => $", a kind of {first.Word}", _ => $", which {first.Relation} {first.Word}" };
        return $"Looks like {seen}{kind}; the policy's '{first.Phrase}' includes it.{where}";
    }

    /// <summary>What it looks like instead, and whether the policy excepts that by name.</summary>
    private string SentenceOnSafe(CategoryRule rule, ReadOnlySpan<float> shares, NetworkRun run)
    {
        int top = TensorPrimitives.IndexOfMax(shares);
        if (rule.ExceptionOf(top) is { } exclude)
        {
            return $"Looks like {Seen(top, shares)}; the policy excepts '{exclude}'.";
        }

        // Most images show nothing of any category, and each says the same of them.
        if (run.Said is not { } said || said.Seen != (labels, top, shares[top]))
        {
            run.Said = said = ((labels, top, shares[top]), $"Looks like {Seen(top, shares)}; the policy includes none of it.");
        }

        return said.Sentence;
    }

    private string Seen(int output, ReadOnlySpan<float> shares) => $"{labels.Spoken[output]} ({Percent(shares[output])})";

    internal static string Percent(float share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} %");
}
