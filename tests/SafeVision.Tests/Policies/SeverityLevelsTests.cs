using System.Text.Json;
using SafeVision.Assessments;
using SafeVision.Decisions;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

/// <summary>Severity levels of a category: what may be written, what a score reaches, and that nothing is lost on the way.</summary>
public sealed class SeverityLevelsTests
{
    private const string Header = "policy: p\nversion: 1\ncategories:\n  - id: weapons\n    includes: [guns]\n";

    [Theory]
    [InlineData("{ low: 0.2, medium: 0.5, high: 0.8 }", 0.1, Severity.None)]
    [InlineData("{ low: 0.2, medium: 0.5, high: 0.8 }", 0.2, Severity.Low)]
    [InlineData("{ low: 0.2, medium: 0.5, high: 0.8 }", 0.79, Severity.Medium)]
    [InlineData("{ low: 0.2, medium: 0.5, high: 0.8 }", 1.0, Severity.High)]
    [InlineData("{ high: 0.8 }", 0.79, Severity.None)]
    [InlineData("{ low: 0.5, high: 0.5 }", 0.5, Severity.High)]
    public void A_finding_carries_the_highest_level_that_its_score_reaches(string levels, double score, Severity severity)
    {
        SafetyPolicy policy = SafetyPolicy.Parse($"{Header}    severity: {levels}\n");
        Finding finding = Assert.Single(DecisionRule.Findings(
            policy, [new FrameAssessment([CategoryAssessment.Assessed("weapons", score, CoverageLevel.Full, "seen", Evidence.None)])]));

        Assert.Equal(severity, finding.Severity);
        Assert.Contains($"\"severity\":\"{severity.ToString().ToLowerInvariant()}\"", JsonSerializer.Serialize(finding, GuardrailJson.Default.Options), StringComparison.Ordinal);
    }

    [Fact]
    public void Without_levels_or_without_a_score_there_is_no_severity()
    {
        SafetyPolicy plain = SafetyPolicy.Parse(Header), graded = SafetyPolicy.Parse($"{Header}    severity: {{ low: 0.2 }}\n");
        var seen = new FrameAssessment([CategoryAssessment.Assessed("weapons", 0.9, CoverageLevel.Full, "seen", Evidence.None)]);
        var unseen = new FrameAssessment([CategoryAssessment.NotAssessed("weapons", "nobody")]);

        Assert.Null(DecisionRule.Findings(plain, [seen])[0].Severity);
        Assert.Null(DecisionRule.Findings(graded, [unseen])[0].Severity);
        Assert.DoesNotContain("severity", JsonSerializer.Serialize(DecisionRule.Findings(plain, [seen])[0], GuardrailJson.Default.Options), StringComparison.Ordinal);
    }

    [Fact]
    public void Levels_survive_yaml_composition_and_the_builder_and_change_the_content_hash()
    {
        SafetyPolicy policy = SafetyPolicy.Parse($"{Header}    severity: {{ medium: 0.5, high: 0.8 }}\n");
        SafetyPolicy built = SafetyPolicy.Define("p", "1").Category("weapons", category => category.Includes("guns").Severity(medium: 0.5, high: 0.8)).Build();

        Assert.Equal(policy, built);
        Assert.Equal(policy, SafetyPolicy.Parse(policy.ToYaml()));
        Assert.Equal(policy.Categories[0].Severity, policy.Categories[0].Customize(category => category.BlockAt(0.9)).Severity);
        Assert.Equal(new SeverityLevels(null, 0.5, 0.8), policy.Categories[0].Severity);
        Assert.NotEqual(SafetyPolicy.Parse(Header).ContentHash, policy.ContentHash);
        Assert.NotEqual(SafetyPolicy.Parse($"{Header}    severity: {{ low: 0.5, high: 0.8 }}\n").ContentHash, policy.ContentHash);
    }

    [Theory]
    [InlineData("{}", "6:15: category 'weapons': 'severity' is empty")]
    [InlineData("0.5", "6:15: ")]
    [InlineData("{ low: 2 }", "category 'weapons': low threshold 2 is not above 0 and at most 1")]
    [InlineData("{ low: 0.8, high: 0.5 }", "must rise from low to medium to high")]
    [InlineData("{ low: 0.8, medium: 0.5 }", "must rise from low to medium to high")]
    [InlineData("{ hihg: 0.5 }", "did you mean 'high'?")]
    [InlineData("{ low: high }", "it must be a number above 0 and at most 1")]
    public void Levels_that_mean_nothing_are_errors_with_a_place(string levels, string message)
    {
        PolicyException exception = Assert.Throws<PolicyException>(() => SafetyPolicy.Parse($"{Header}    severity: {levels}\n"));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }
}
