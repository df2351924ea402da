using SafeVision.Assessments;
using SafeVision.Engines.ClosedSet;
using SafeVision.Models;
using SafeVision.Policies;

namespace SafeVision.Tests.Engines;

/// <summary>What a policy's categories mean on the labels of the default models.</summary>
public sealed class CategoryRuleTests
{
    private static readonly LabelsAtHand s_labels = new(
        Taxonomy.TaxonomyFixture.Default, [DefaultModels.Nsfw, DefaultModels.Objects], DefaultModels.Drawings);

    [Fact]
    public void An_exclude_takes_its_labels_away_and_the_rule_remembers_by_which_words()
    {
        CategoryRule rule = Rules(["dogs"], ["poodles"])[1];

        Assert.Equal(115, rule.Labels.Count);
        Assert.DoesNotContain(rule.Labels, label => label.Label.Name.Contains("poodle", StringComparison.Ordinal));
        Assert.Equal("poodles", rule.ExceptionOf(267));
        Assert.Null(rule.ExceptionOf(151));
        Assert.Equal((0f, 1f), (rule.Weights[267], rule.Weights[151]));
        Assert.True(rule.Includes(151) && !rule.Includes(267));
    }

    [Fact]
    public void Each_network_counts_its_own_labels_and_covers_what_they_are_of_the_whole()
    {
        CategoryRule[] dogs = Rules(["dogs"], []), both = Rules(["dogs", "pornography"], []);

        Assert.Equal([CoverageLevel.None, CoverageLevel.Full], dogs.Select(rule => rule.Level));
        Assert.Equal([CoverageLevel.Partial, CoverageLevel.Partial], both.Select(rule => rule.Level));
        Assert.Equal(CoverageLevel.Full, Coverage(["dogs", "pornography"], []).Level);
    }

    [Fact]
    public void Coverage_says_phrase_by_phrase_what_carries_it_and_what_does_not()
    {
        CategoryCoverage coverage = Coverage(["firearms", "beer", "flags", "burning buildings"], ["toy guns", "revolvers"]);

        Assert.Equal(CoverageLevel.Partial, coverage.Level);
        Assert.Equal(["flags", "burning buildings"], coverage.Uncovered.Take(2));
        PhraseCoverage[] phrases = [.. coverage.Phrases];
        Assert.Equal(["imagenet:413 assault rifle", "imagenet:763 revolver", "imagenet:764 rifle"], phrases[0].Labels.Where(label => label.StartsWith("imagenet", StringComparison.Ordinal)).Take(3));
        Assert.Equal((LabelLink.Kind, CoverageLevel.Partial), (phrases[0].By, phrases[0].Level));
        Assert.Contains("kinds without a label", phrases[0].NotJudged, StringComparison.Ordinal);
        Assert.Equal((LabelLink.Relation, CoverageLevel.Partial), (phrases[1].By, phrases[1].Level));
        Assert.Equal((CoverageLevel.None, "flags"), (phrases[2].Level, phrases[2].NotJudged));
        Assert.Equal((CoverageLevel.None, "building"), (phrases[3].Level, phrases[3].Suggestion));
        Assert.Equal(["toy guns"], coverage.CannotBeExcluded.Select(phrase => phrase.Phrase));
        Assert.Equal((PhraseRole.Exclude, CoverageLevel.Full), (phrases[5].Role, phrases[5].Level));
        Assert.Contains("imagenet:763 revolver", phrases[5].Labels);
    }

    [Theory]
    [InlineData("fire")]
    [InlineData("flames")]
    [InlineData("wildfire")]
    [InlineData("explosives")]
    [InlineData("crowds of people")]
    [InlineData("politicians")]
    [InlineData("أسلحة نارية")]
    [InlineData("gatos")]
    [InlineData("tabaco")]
    [InlineData("猫")]
    [InlineData("кошки")]
    [InlineData("Waffen")]
    [InlineData("molly")]
    [InlineData("memes")]
    [InlineData("the square root of a promise")]
    public void What_no_label_shows_is_not_covered_however_much_a_label_sounds_like_it(string phrase)
    {
        CategoryCoverage coverage = Coverage([phrase], []);
        bool burns = phrase is "fire" or "flames"; // torches and fireplaces show fire, and it says so
        Assert.Equal(burns ? coverage.Level : CoverageLevel.None, coverage.Level);
        Assert.NotEqual(CoverageLevel.Full, coverage.Level);
    }

    [Fact]
    public void A_head_for_drawings_adds_labels_but_covers_nothing()
    {
        CategoryCoverage flags = Coverage(["flags"], []);
        Assert.Equal(CoverageLevel.None, flags.Level);
        Assert.All(Assert.Single(flags.Phrases).Labels, label => Assert.StartsWith("symbols:", label, StringComparison.Ordinal));
        CategoryRule[] drawn = Read(["swords"], []).DrawnRulesFor(s_labels.Drawings!);
        Assert.Contains(Assert.Single(drawn).Labels, label => label.Label.Name == "crossed-swords");
    }

    [Fact]
    public void Labels_are_listed_by_set_and_index()
    {
        string[] labels = [.. Coverage(["knives"], []).Phrases[0].Labels];
        (string Set, int Index)[] places = [.. labels.Select(label => (label.Split(':')[0], int.Parse(label.Split(':', ' ')[1], System.Globalization.CultureInfo.InvariantCulture)))];
        Assert.NotEmpty(places);
        Assert.Equal(places.OrderBy(place => place.Set, StringComparer.Ordinal).ThenBy(place => place.Index), places);
    }

    private static CategoryRule[] Rules(string[] includes, string[] excludes) =>
        [.. s_labels.Networks.Select(network => Assert.Single(Read(includes, excludes).RulesFor(network)))];

    private static CategoryCoverage Coverage(string[] includes, string[] excludes) => Assert.Single(Read(includes, excludes).Coverage);

    private static PolicyReading Read(string[] includes, string[] excludes) => s_labels.Read(
        SafetyPolicy.Define("test", "1").Category("own", category => category.Includes(includes).Excludes(excludes)).Build(), CancellationToken.None);
}
