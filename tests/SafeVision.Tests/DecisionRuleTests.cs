using CsCheck;
using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision.Tests;

/// <summary>From whatever engines hand over to a decision, by properties.</summary>
public sealed class DecisionRuleTests
{
    private static readonly Gen<double> s_score = Gen.OneOf(Gen.Double[0, 1], Gen.OneOf(double.NaN, double.PositiveInfinity, -1, 2, 0, 1, 0.3, 0.6));

    private static readonly Gen<CategoryAssessment> s_assessment = Gen.Select(Gen.OneOf("a", "b", "unknown"), s_score, Gen.Enum<CoverageLevel>())
        .Select((id, score, coverage) => CategoryAssessment.Assessed(id, score, coverage, "Generated.", Evidence.None));

    private static readonly Gen<FrameAssessment> s_frame = s_assessment.Array[0, 5].Select(assessments => new FrameAssessment(assessments));

    private static SafetyPolicy Policy(Decision whenNotAssessed) => SafetyPolicy.Define("test", "1")
        .Category("a", category => category.Includes("a things").ReviewAt(0.3).BlockAt(0.6))
        .Category("b", category => category.Includes("b things").ReviewAt(0.3).BlockAt(0.6))
        .WhenNotAssessed(whenNotAssessed)
        .Build();

    [Fact]
    public void Allow_means_that_every_frame_has_a_sound_low_score_for_every_category() =>
        Gen.Select(s_frame.Array[0, 3], Gen.OneOf(Decision.Block, Decision.Review)).Sample((frames, whenNotAssessed) =>
        {
            IReadOnlyList<Finding> findings = DecisionRule.Findings(Policy(whenNotAssessed), frames, [.. frames.Index().Select(frame => frame.Index * 10)]);
            bool allowed = DecisionRule.Strictest(findings) == Decision.Allow;
            bool safe = frames.Length > 0 && new[] { "a", "b" }.All(id => frames.All(frame =>
                frame.Categories.Any(assessment => assessment.CategoryId == id)
                && frame.Categories.Where(assessment => assessment.CategoryId == id).All(assessment => assessment is { IsAssessed: true, Score: < 0.3 })));
            return allowed == safe;
        }, iter: 5000);

    [Fact]
    public void A_finding_is_that_of_the_worst_frame_and_names_it() =>
        Gen.Double[0, 1].Array[1, 6].Sample(scores =>
        {
            FrameAssessment[] frames = [.. scores.Select(score => new FrameAssessment([CategoryAssessment.Assessed("a", score, CoverageLevel.Full, "", Evidence.None)]))];
            Finding finding = DecisionRule.Findings(Policy(Decision.Review), frames, [.. scores.Index().Select(score => score.Index * 10)])[0];
            return finding.Score.Equals(scores.Max()) && scores[finding.Frame / 10].Equals(scores.Max());
        }, iter: 1000);

    [Fact]
    public void Raising_a_score_never_softens_the_decision() =>
        Gen.Select(Gen.Double[0, 1], Gen.Double[0, 1]).Sample((left, right) =>
        {
            (double low, double high) = (Math.Min(left, right), Math.Max(left, right));
            return Decide(high) <= Decide(low);

            static Decision Decide(double score) => DecisionRule.Strictest(DecisionRule.Findings(
                Policy(Decision.Allow), [new FrameAssessment([CategoryAssessment.Assessed("a", score, CoverageLevel.Full, "", Evidence.None)])], [0]));
        }, iter: 1000);

    [Fact]
    public void A_score_at_a_threshold_has_reached_it()
    {
        Assert.Equal([Decision.Allow, Decision.Review, Decision.Review, Decision.Block], new[] { 0.2999, 0.3, 0.5999, 0.6 }.Select(score => DecisionRule.Findings(
            Policy(Decision.Allow), [new FrameAssessment([CategoryAssessment.Assessed("a", score, CoverageLevel.Full, "", Evidence.None)])], [0])[0].Decision));
    }

    [Fact]
    public void A_decision_that_nobody_made_is_block()
    {
        Assert.Equal(Decision.Block, default);
        Assert.Equal(Decision.Block, DecisionRule.Strictest([]));
    }
}
