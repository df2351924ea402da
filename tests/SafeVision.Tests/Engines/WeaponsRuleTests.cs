using SafeVision.Engines.ClosedSet;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

/// <summary>
/// The built-in weapons category on the object classifier's labels. Photographs of firearms are not among the fixtures, so
/// the rule itself is held to what it must do with their probabilities.
/// </summary>
public sealed class WeaponsRuleTests(ObjectLabels labels) : IClassFixture<ObjectLabels>
{
    private readonly CategoryRule _rule = Assert.Single(CategoryRule.Compile(
        SafetyPolicy.Define("weapons", "1").Category(HarmCategory.Weapons_Substance_Abuse).Build(), labels.Space, new ClassifierEngineOptions(), CancellationToken.None));

    [Theory]
    [InlineData("revolver, six-gun, six-shooter")]
    [InlineData("rifle")]
    [InlineData("assault rifle, assault gun")]
    [InlineData("revolver, six-gun, six-shooter", "rifle")]
    [InlineData("revolver, six-gun, six-shooter", "rifle", "assault rifle, assault gun")]
    public void Two_fifths_of_the_probability_on_firearms_block(params string[] firearms)
    {
        foreach (double mass in new[] { 0.4, 0.7, 1.0 })
        {
            Assert.InRange(Score(mass, firearms), 0.8, 1);
        }
    }

    [Fact]
    public void A_rocket_that_passes_for_a_missile_is_not_blocked()
    {
        Assert.InRange(Score(0.36, "missile", "projectile, missile", "space shuttle"), 0, _rule.Category.ReviewAt - 1e-9); // what rocket.jpg gets
        Assert.InRange(Score(1, "missile", "projectile, missile", "space shuttle"), 0, _rule.Category.BlockAt - 1e-9);
    }

    [Theory]
    [InlineData("tripod")]
    [InlineData("Egyptian cat", "tabby, tabby cat")]
    [InlineData("espresso")]
    [InlineData("hair spray", "sunscreen, sunblock, sun blocker")]
    public void What_is_no_weapon_is_not_even_reviewed(params string[] labels) =>
        Assert.InRange(Score(1, labels), 0, _rule.Category.ReviewAt - 1e-9);

    /// <summary>The score when the labels share this mass and all others share the rest.</summary>
    private double Score(double mass, params string[] named)
    {
        int count = labels.Space.Manifest.Labels.Count;
        float[] shares = new float[count];
        Array.Fill(shares, (float)((1 - mass) / (count - named.Length)));
        foreach (string label in named)
        {
            int index = labels.Space.Manifest.Labels.Index().Single(entry => entry.Item == label).Index;
            shares[index] = (float)(mass / named.Length);
        }

        return new ClassifierReport(null!, labels.Space).Score(_rule, shares);
    }
}
