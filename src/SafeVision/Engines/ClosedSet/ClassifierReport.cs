using System.Buffers;
using System.Globalization;
using System.Numerics.Tensors;
using SafeVision.Assessments;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Engines.ClosedSet;

/// <summary>From probabilities to a score, its evidence, and a sentence that a person could have said.</summary>
/// <param name="network">The network.</param>
/// <param name="labels">The labels that the probabilities are of.</param>
/// <param name="head">The layer that told them; null: the network's own.</param>
internal sealed class ClassifierReport(ClassifierNetwork network, LabelSpace labels, FeatureHead? head = null)
{
    /// <summary>A score below this has nothing to point at.</summary>
    private const double LeastScore = 0.02;

    /// <summary>Labels named in the evidence and summed in the heat map.</summary>
    private const int LabelsNamed = 3;

    /// <summary>The probability mass on the labels that the category claims, calibrated.</summary>
    public double Score(CategoryRule rule, ReadOnlySpan<float> shares)
    {
        double mass = Math.Clamp((double)TensorPrimitives.Dot(rule.Weights, shares), 0, 1);
        return labels.Manifest.Calibration?.Score(mass) ?? mass;
    }

    /// <param name="rule">The category on these labels.</param>
    /// <param name="level">How much of the category is judged.</param>
    /// <param name="score">Its score.</param>
    /// <param name="shares">The labels' probabilities.</param>
    /// <param name="binding">The run that gave them.</param>
    /// <param name="item">The view's place in the run.</param>
    /// <param name="region">What the view shows of the picture.</param>
    public CategoryAssessment Assess(
        CategoryRule rule, CoverageLevel level, double score, ReadOnlySpan<float> shares, BatchBinding binding, int item, ImageBox region)
    {
        string id = rule.Category.Id;
        if (level == CoverageLevel.None)
        {
            return CategoryAssessment.NotAssessed(id, "Nothing that the models can name means what this category includes.");
        }

        if (score < LeastScore || rule.Claims.Count == 0)
        {
            return CategoryAssessment.Assessed(id, score, level, Nothing(shares), Evidence.None);
        }

        Span<(LabelClaim Claim, double Part)> strongest = new (LabelClaim, double)[LabelsNamed];
        int count = Strongest(rule, shares, strongest);
        var named = new LabelEvidence[count];
        for (int i = 0; i < count; i++)
        {
            LabelClaim claim = strongest[i].Claim;
            named[i] = new LabelEvidence(
                labels.Manifest.Labels[claim.Label], shares[claim.Label], claim.Weight, claim.Phrase ?? rule.Category.Name, claim.Similarity);
        }

        HeatMap? heat = network.HasActivationMaps ? Map(strongest[..count], binding, item, region) : null;
        var evidence = new Evidence { Labels = named, HeatMap = heat, Boxes = heat is null ? [] : [heat.Box()] };
        return CategoryAssessment.Assessed(id, score, level, Sentence(strongest[0].Claim, rule, shares, heat), evidence);
    }

    private static int Strongest(CategoryRule rule, ReadOnlySpan<float> shares, Span<(LabelClaim Claim, double Part)> strongest)
    {
        int count = 0;
        foreach (LabelClaim claim in rule.Claims)
        {
            double part = claim.Weight * shares[claim.Label];
            int place = count;
            while (place > 0 && strongest[place - 1].Part < part)
            {
                place--;
            }

            if (place < strongest.Length)
            {
                count = Math.Min(count + 1, strongest.Length);
                strongest[place..(count - 1)].CopyTo(strongest[(place + 1)..count]);
                strongest[place] = (claim, part);
            }
        }

        return count;
    }

    /// <summary>The activation maps of the strongest labels, added up by their parts in the score.</summary>
    private HeatMap? Map(ReadOnlySpan<(LabelClaim Claim, double Part)> strongest, BatchBinding binding, int item, ImageBox region)
    {
        float[] rented = ArrayPool<float>.Shared.Rent(network.Channels);
        Span<float> weights = rented.AsSpan(0, network.Channels);
        weights.Clear();
        foreach ((LabelClaim claim, double part) in strongest)
        {
            TensorPrimitives.MultiplyAdd(head is null ? network.HeadWeights(claim.Label) : head.Weights(claim.Label), (float)(part / strongest[0].Part), weights, weights);
        }

        Span<float> map = stackalloc float[network.MapWidth * network.MapHeight];
        map.Clear();
        network.AddActivationMap(binding, item, weights, map);
        ArrayPool<float>.Shared.Return(rented);
        return ToHeatMap(map, region);
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

    private string Sentence(LabelClaim claim, CategoryRule rule, ReadOnlySpan<float> shares, HeatMap? heat)
    {
        string covers = claim.Phrase is null
            ? $"which counts as '{rule.Category.Name}'"
            : string.Create(CultureInfo.InvariantCulture, $"which the policy's '{claim.Phrase}' covers (similarity {claim.Similarity:0.00})");
        string where = heat is null ? "" : $"; strongest in {heat.Where()}";
        return $"Looks like {labels.Names[claim.Label]} ({Percent(shares[claim.Label])}), {covers}{where}.";
    }

    private string Nothing(ReadOnlySpan<float> shares)
    {
        int top = TensorPrimitives.IndexOfMax(shares);
        return $"Nothing that the category includes was seen; the picture looks most like {labels.Names[top]} ({Percent(shares[top])}).";
    }

    private static string Percent(float share) => string.Create(CultureInfo.InvariantCulture, $"{share * 100:0} %");
}
