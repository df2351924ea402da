using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

/// <summary>Which labels a phrase claims, by meaning.</summary>
public sealed class CategoryRuleTests(ObjectLabels labels) : IClassFixture<ObjectLabels>
{
    [Theory]
    [InlineData("dogs", "Labrador retriever", "tabby, tabby cat")]
    [InlineData("cats", "tabby, tabby cat", "Labrador retriever")]
    [InlineData("birds", "robin, American robin, Turdus migratorius", "tabby, tabby cat")]
    [InlineData("coffee", "espresso", "red wine")]
    [InlineData("religious buildings", "church, church building", "missile")]
    [InlineData("guns", "revolver, six-gun, six-shooter", "missile")]
    [InlineData("airplanes", "airliner", "tripod")]
    public void A_phrase_claims_what_it_means_and_not_the_sibling(string phrase, string claimed, string sibling)
    {
        string[] names = [.. Claims(phrase).Select(claim => labels.Space.Manifest.Labels[claim.Label])];
        Assert.Contains(claimed, names);
        Assert.DoesNotContain(sibling, names);
    }

    [Fact]
    public void An_exclude_takes_away_what_it_is_closer_to()
    {
        Assert.InRange(WeightOf("Labrador retriever"), 0.9, 1);
        Assert.InRange(WeightOf("Labrador retriever", "Labrador retrievers"), 0, 0.5);
        Assert.InRange(WeightOf("beagle", "Labrador retrievers"), 0.9, 1);

        double WeightOf(string label, params string[] excludes) =>
            Claims("dogs", excludes).SingleOrDefault(claim => labels.Space.Manifest.Labels[claim.Label] == label).Weight;
    }

    [Fact]
    public void A_phrase_that_no_label_means_is_reported_as_not_covered()
    {
        CategoryCoverage coverage = Rule(["cats", "the square root of a promise"], []).Coverage;
        Assert.Equal(CoverageLevel.Partial, coverage.Level);
        Assert.Equal("cats", Assert.Single(coverage.Covered).Phrase);
        Assert.Equal(["the square root of a promise"], coverage.Uncovered);
        Assert.Equal(CoverageLevel.None, Rule(["the square root of a promise"], []).Coverage.Level);
        Assert.Equal(CoverageLevel.Full, Rule(["cats"], []).Coverage.Level);
    }

    private IReadOnlyList<LabelClaim> Claims(string include, params string[] excludes) => Rule([include], excludes).Claims;

    private CategoryRule Rule(string[] includes, string[] excludes) => Assert.Single(CategoryRule.Compile(
        SafetyPolicy.Define("test", "1").Category("own", category => category.Includes(includes).Excludes(excludes)).Build(),
        labels.Space, new ClassifierEngineOptions(), CancellationToken.None));
}
