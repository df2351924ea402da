using CsCheck;
using SafeVision.Assessments;
using SafeVision.Decisions;
using SafeVision.Policies;

namespace SafeVision.Tests;

/// <summary>From whatever engines hand over to a decision, by properties.</summary>
public sealed class DecisionRuleTests
{
    private static readonly Gen<double> s_score = Gen.OneOf(Gen.Double[0, 1], Gen.OneOf(0, 1, 0.3, 0.6));

    private static readonly Gen<CategoryAssessment> s_assessment = Gen.OneOf("a", "b", "unknown").SelectMany(Assessment);

    private static readonly Gen<FrameAssessment> s_frame = s_assessment.Array[0, 5].Select(assessments => new FrameAssessment(assessments));

    private static readonly Gen<FrameAssessment> s_wholeFrame = Gen.Select(Assessment("a"), Assessment("b")).Select((a, b) => new FrameAssessment([a, b]));

    private static Gen<CategoryAssessment> Assessment(string id) => Gen.Select(s_score, Gen.Enum<CoverageLevel>(), Gen.Int[0, 9])
        .Select((score, coverage, fate) => fate == 0 ? CategoryAssessment.Failed(id, "Generated.") : CategoryAssessment.Assessed(id, score, coverage, "Generated.", Evidence.None));

    private static SafetyPolicy Policy(Decision whenNotAssessed) => SafetyPolicy.Define("test", "1")
        .Category("a", category => category.Includes("a things").ReviewAt(0.3).BlockAt(0.6))
        .Category("b", category => category.Includes("b things").ReviewAt(0.3).BlockAt(0.6))
        .WhenNotAssessed(whenNotAssessed)
        .Build();

    private static SafetyPolicy OnlyA { get; } = SafetyPolicy.Define("test", "1").Category("a", category => category.Includes("a things").ReviewAt(0.3).BlockAt(0.6)).Build();

    [Fact]
    public void Allow_means_that_every_frame_has_a_sound_low_score_for_every_category() =>
        Gen.Select(s_wholeFrame.Array[1, 3], Gen.OneOf(Decision.Block, Decision.Review)).Sample((frames, whenNotAssessed) =>
        {
            IReadOnlyList<Finding> findings = DecisionRule.Findings(Policy(whenNotAssessed), frames);
            bool allowed = DecisionRule.Strictest(findings) == Decision.Allow;
            return allowed == frames.All(frame => frame.Categories.All(assessment => assessment is { Score: < 0.3, Failure: null }));
        }, iter: 5000);

    [Fact]
    public void Nothing_is_concluded_from_assessments_that_lack_a_frame_or_a_category_or_have_others() =>
        s_frame.Array[0, 3].Where(frames => frames.Length == 0 || frames.Any(frame => !frame.Categories.Select(assessment => assessment.CategoryId).SequenceEqual(["a", "b"])))
            .Sample(frames => Record.Exception(() => DecisionRule.Findings(Policy(Decision.Allow), frames)) is ArgumentException, iter: 2000);

    [Theory]
    [InlineData(double.NaN)]
    [InlineData(double.PositiveInfinity)]
    [InlineData(-0.001)]
    [InlineData(1.001)]
    public void There_is_no_assessment_with_a_score_that_is_none(double score) =>
        Assert.Throws<ArgumentOutOfRangeException>(nameof(score), () => CategoryAssessment.Assessed("a", score, CoverageLevel.Full, "", Evidence.None));

    [Fact]
    public void A_finding_is_that_of_the_worst_frame_and_names_it() =>
        Gen.Double[0, 1].Array[1, 6].Sample(scores =>
        {
            FrameAssessment[] frames = [.. scores.Select(score => new FrameAssessment([CategoryAssessment.Assessed("a", score, CoverageLevel.Full, "", Evidence.None)]))];
            Finding finding = DecisionRule.Findings(OnlyA, frames)[0];
            return finding.Score == scores.Max() && scores[finding.Frame].Equals(scores.Max());
        }, iter: 1000);

    [Fact]
    public void Raising_a_score_never_softens_the_decision() =>
        Gen.Select(Gen.Double[0, 1], Gen.Double[0, 1]).Sample((left, right) =>
        {
            (double low, double high) = (Math.Min(left, right), Math.Max(left, right));
            return Decide(high) <= Decide(low);

            static Decision Decide(double score) => DecisionRule.Strictest(DecisionRule.Findings(
                OnlyA, [new FrameAssessment([CategoryAssessment.Assessed("a", score, CoverageLevel.Full, "", Evidence.None)])]));
        }, iter: 1000);

    [Fact]
    public void A_score_at_a_threshold_has_reached_it()
    {
        Assert.Equal([Decision.Allow, Decision.Review, Decision.Review, Decision.Block], new[] { 0.2999, 0.3, 0.5999, 0.6 }.Select(score => DecisionRule.Findings(
            OnlyA, [new FrameAssessment([CategoryAssessment.Assessed("a", score, CoverageLevel.Full, "", Evidence.None)])])[0].Decision));
    }

    [Fact]
    public void A_decision_that_nobody_made_is_block()
    {
        Assert.Equal(Decision.Block, default);
        Assert.Equal(Decision.Block, DecisionRule.Strictest([]));
    }
}
