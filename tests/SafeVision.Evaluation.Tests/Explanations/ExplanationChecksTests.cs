using SafeVision.Assessments;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Explanations;

namespace SafeVision.Evaluation.Tests.Explanations;

public sealed class ExplanationChecksTests
{
    [Theory]
    [InlineData("A wolf trap is closed on a cat.", "wolf trap", true)]
    [InlineData("TRAPS lie about.", "wolf trap", true)]
    [InlineData("A wolf stands there.", "wolf trap", false)]
    [InlineData("Two knives.", "kitchen knife", true)]
    [InlineData("There are daggers on the wall.", "knife", true)]
    [InlineData("He holds a handgun.", "pistol", true)]
    [InlineData("Berries in a basket.", "berry", true)]
    [InlineData("A trapeze artist.", "trap", false)]
    [InlineData("Wine glasses.", "glass", true)]
    [InlineData("A bus.", "bus", true)]
    [InlineData("Messer und Gabel.", "knife", false)]
    [InlineData("", "knife", false)]
    [InlineData("A knife.", "", false)]
    public void A_reason_names_a_thing_in_its_own_or_common_words(string reason, string thing, bool names) =>
        Assert.Equal(names, ExplanationChecks.NamesObject(Unsafe with { Reason = reason, Evidence = Evidence.None }, Showing(thing, "Weapons")));

    [Fact]
    public void Labels_and_the_models_words_name_things_too_and_things_of_other_categories_do_not_count()
    {
        Assert.True(ExplanationChecks.NamesObject(Unsafe, Showing("rifle", "Weapons")));
        Assert.True(ExplanationChecks.NamesObject(Unsafe with { Evidence = Unsafe.Evidence with { Words = "A bomb." } }, Showing("time bomb", "Weapons")));
        Assert.False(ExplanationChecks.NamesObject(Unsafe, Showing("rifle", "Animal_Cruelty")));
        Assert.False(ExplanationChecks.NamesObject(Unsafe, new EvaluationSample { Id = "a", Image = "a.png" }));
    }

    [Fact]
    public void Category_reason_and_evidence_are_to_agree()
    {
        Assert.True(ExplanationChecks.IsConsistent(Unsafe));
        Assert.True(ExplanationChecks.IsConsistent(Unsafe with { Reason = "Weapons are shown." }));
        Assert.True(ExplanationChecks.IsConsistent(Unsafe with { Reason = "Armaments." }, "Armament and war"));
        Assert.False(ExplanationChecks.IsConsistent(Unsafe with { Reason = "A cup of tea." }));
        Assert.False(ExplanationChecks.IsConsistent(Unsafe with { Evidence = Evidence.None }));
        Assert.False(ExplanationChecks.IsConsistent(Unsafe with { Decision = Decision.Allow }));
        Assert.False(ExplanationChecks.IsConsistent(Unsafe with { Evidence = Unsafe.Evidence with { Words = "A gun lies on the table." } }));
        Assert.True(ExplanationChecks.IsConsistent(Unsafe with { Reason = "\"A gun lies on the table.\"", Evidence = Evidence.None with { Words = "A gun lies on the table." } }));
    }

    [Fact]
    public void A_safe_finding_claims_no_harm_and_one_not_assessed_claims_nothing()
    {
        Finding safe = Unsafe with { Verdict = Verdict.Safe, Decision = Decision.Allow, Score = 0.1, Reason = "Nothing was seen." };
        Assert.True(ExplanationChecks.IsConsistent(safe));
        Assert.False(ExplanationChecks.IsConsistent(safe with { Score = 0.9 }));
        Assert.False(ExplanationChecks.IsConsistent(safe with { Evidence = Evidence.None with { Words = "A man aims a gun." } }));
        Finding unknown = safe with { Verdict = Verdict.NotAssessed, Score = null, Decision = Decision.Review, Evidence = Evidence.None };
        Assert.True(ExplanationChecks.IsConsistent(unknown));
        Assert.False(ExplanationChecks.IsConsistent(unknown with { Score = 0 }));
    }

    private static Finding Unsafe { get; } = new()
    {
        Category = "Weapons",
        Score = 0.9,
        Verdict = Verdict.Unsafe,
        Threshold = 0.8,
        Decision = Decision.Block,
        Coverage = CoverageLevel.Full,
        Reason = "Looks like assault rifle (87 %), which the policy's 'firearms' covers.",
        Evidence = new Evidence { Labels = [new LabelEvidence("imagenet:413 assault rifle", 0.87, "firearms", "kind of", "firearm")] },
    };

    private static EvaluationSample Showing(string thing, string category) =>
        new() { Id = "a", Image = "a.png", Labels = [category], Objects = [new SampleObject(thing, ImageBox.Whole, [category])] };
}
