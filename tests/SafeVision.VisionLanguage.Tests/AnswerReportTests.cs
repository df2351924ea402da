using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.VisionLanguage.Tests;

public sealed class AnswerReportTests
{
    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("test", "1")
        .Category("pots", category => category.Includes("pots"))
        .Category("pans", category => category.Includes("pans"))
        .Build();

    [Theory]
    [InlineData(0.3, 0.5, 0.2, 0.2, -0.3)]
    [InlineData(0.7, 0.2, 0.1, -0.5, -0.6)]
    public void A_margin_is_to_the_likeliest_other_answer(double safe, double pots, double pans, double marginOfPots, double marginOfPans) =>
        Assert.Equal([marginOfPots, marginOfPans], Margins(safe, pots, pans), (left, right) => Math.Abs(left - right) < 1e-12);

    [Fact]
    public void Where_each_category_was_a_question_of_its_own_the_other_answer_is_no() =>
        Assert.Equal([-0.99, 0.8], Margins(safe: null, 0.005, 0.9), (left, right) => Math.Abs(left - right) < 1e-12);

    private static double[] Margins(double? safe, params double[] shares)
    {
        var answer = new GuardAnswer { Categories = [.. shares.Select(share => (CategoryAnswer?)new CategoryAnswer(share, share))], Safe = safe };
        CategoryCoverage[] coverage = [.. s_policy.Categories.Select(category => new CategoryCoverage(category.Id, CoverageLevel.Full, []))];
        return [.. new AnswerReport(s_policy, coverage, answer, 0, null).Assessments().Select(assessment => assessment.Evidence.Margin!.Value)];
    }
}
