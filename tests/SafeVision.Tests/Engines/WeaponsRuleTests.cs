using SafeVision.Engines.ClosedSet;
using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Tests.Engines;

/// <summary>The built-in weapons category on the object classifier's labels. Photographs of firearms are not among the fixtures, so
/// the rule itself is held to what it must do with their probabilities.</summary>
public sealed class WeaponsRuleTests
{
    private static readonly LabelsAtHand s_labels = new(Taxonomy.TaxonomyFixture.Default, [DefaultModels.Objects], null);

    private readonly CategoryRule _rule = Assert.Single(s_labels.Read(
        SafetyPolicy.Define("weapons", "1").Category(HarmCategory.Weapons_Substance_Abuse).Build(), CancellationToken.None).RulesFor(s_labels.Networks[0]));

    [Theory]
    [InlineData("revolver")]
    [InlineData("rifle", "assault rifle")]
    [InlineData("cannon", "tank")]
    [InlineData("beer bottle", "beer glass")]
    [InlineData("red wine", "wine bottle", "whiskey jug")]
    [InlineData("tobacco shop")]
    public void The_score_is_the_mass_on_what_the_words_mean(params string[] shown)
    {
        foreach (double mass in new[] { 0.1, 0.4, 0.9, 1.0 })
        {
            Assert.Equal(mass, Score(mass, shown), 1e-3);
        }
    }

    [Theory]
    [InlineData("missile", "projectile", "space shuttle")]
    [InlineData("tripod")]
    [InlineData("Egyptian cat", "tabby")]
    [InlineData("espresso")]
    [InlineData("water bottle", "pop bottle")]
    [InlineData("bulletproof vest", "crash helmet")]
    public void What_is_no_weapon_and_what_the_category_excepts_adds_nothing(params string[] shown) =>
        Assert.InRange(Score(1, shown), 0, 1e-6);

    /// <summary>The score when the labels share this mass and all others that don't count share the rest.</summary>
    private double Score(double mass, params string[] named)
    {
        string[] names = [.. s_labels.Networks[0].Labels.Select(label => label.Name)];
        float[] shares = new float[names.Length];
        foreach (string label in named)
        {
            shares[Array.IndexOf(names, label)] = (float)(mass / named.Length);
        }

        shares[Array.IndexOf(names, "tench")] += (float)(1 - mass);
        return ClassifierReport.Mass(_rule, shares);
    }
}
