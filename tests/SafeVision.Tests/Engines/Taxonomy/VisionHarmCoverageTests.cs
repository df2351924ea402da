using SafeVision.Assessments;
using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Tests.Engines.Taxonomy;

/// <summary>What the default models say of VisionHarm-C's fourteen harmful classes when a policy has nothing but their names.</summary>
public sealed class VisionHarmCoverageTests
{
    [Theory]
    [InlineData("Adult", CoverageLevel.None)]
    [InlineData("Adult_Baby", CoverageLevel.None)]
    [InlineData("Woman_Breast", CoverageLevel.Partial)]
    [InlineData("Sex_Organ", CoverageLevel.Partial)]
    [InlineData("Adult_Cartoon", CoverageLevel.Full)]
    [InlineData("Grotesque", CoverageLevel.None)]
    [InlineData("Sexy", CoverageLevel.Partial)]
    [InlineData("Alcohol", CoverageLevel.Partial)]
    [InlineData("ID_Card", CoverageLevel.None)]
    [InlineData("Negative_Sign", CoverageLevel.None)]
    [InlineData("SNS", CoverageLevel.None)]
    [InlineData("Self_Harm", CoverageLevel.None)]
    [InlineData("Shocking", CoverageLevel.None)]
    [InlineData("Violence", CoverageLevel.None)]
    public void A_class_by_its_name_is_covered_as_far_as_the_networks_see_it_and_says_what_is_missing(string name, CoverageLevel level)
    {
        SafetyPolicy policy = SafetyPolicy.Define("visionharm-c", "1").Category(name, category => category.Includes(name)).Build();
        CategoryCoverage coverage = DefaultModels.CoverageOf(policy)[0];
        Assert.Equal(level, coverage.Level);
        Assert.All(coverage.Phrases, phrase =>
        {
            Assert.True(phrase.Level == CoverageLevel.Full || phrase.NotJudged is { Length: > 0 });
            Assert.Equal(level == CoverageLevel.None, phrase.Labels.Count == 0);
            Assert.Null(phrase.Level == CoverageLevel.None ? phrase.Suggestion : null);
        });
    }
}
