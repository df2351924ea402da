using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

/// <summary>The same photograph, a clause more or less, and another verdict: the words decide, and a reader of the result can say why.</summary>
public sealed class PolicyFlipTests(DefaultGuardrail guardrail) : IClassFixture<DefaultGuardrail>
{
    [Theory]
    [InlineData("chelsea.png", "cats", "Egyptian cats, tabbies and tiger cats")]
    [InlineData("chelsea.png", "animals", "cats")]
    [InlineData("chelsea.png", "animals except dogs", "felines")]
    [InlineData("coffee.png", "espresso", "coffee")]
    public async Task What_is_forbidden_is_found_and_what_is_excepted_is_let_pass(string photo, string include, string exclude)
    {
        Finding found = Assert.Single((await guardrail.CheckAsync(Policy(include), Photos.Of(photo))).Findings);
        Finding excepted = Assert.Single((await guardrail.CheckAsync(Policy(include, exclude), Photos.Of(photo))).Findings);

        Assert.Equal(Verdict.Unsafe, found.Verdict);
        Assert.Contains($"the policy's '{include}' includes", found.Reason, StringComparison.Ordinal);
        Assert.NotEmpty(found.Evidence.Labels);
        Assert.NotEqual(Verdict.Unsafe, excepted.Verdict);
        Assert.True(excepted.Verdict == Verdict.NotAssessed || excepted.Reason.Contains($"the policy excepts '{exclude}'", StringComparison.Ordinal), excepted.Reason);
    }

    [Theory]
    [InlineData("chelsea.png", "cats", "dogs")]
    [InlineData("chelsea.png", "cats", "big cats")]
    [InlineData("chelsea.png", "animals", "birds and fish")]
    [InlineData("coffee.png", "espresso", "red wine")]
    public async Task An_exclude_of_something_else_changes_nothing(string photo, string include, string exclude)
    {
        Finding without = Assert.Single((await guardrail.CheckAsync(Policy(include), Photos.Of(photo))).Findings);
        Finding with = Assert.Single((await guardrail.CheckAsync(Policy(include, exclude), Photos.Of(photo))).Findings);

        Assert.Equal(without.Score!.Value, with.Score!.Value, 0.02);
        Assert.Equal(without.Verdict, with.Verdict);
    }

    [Theory]
    [InlineData("rocket.jpg", "firearms")]
    [InlineData("rocket.jpg", "fire and flames")]
    [InlineData("coffee.png", "alcoholic drinks")]
    [InlineData("astronaut.png", "weapons")]
    [InlineData("flower.jpg", "cats")]
    [InlineData("chelsea.png", "dogs")]
    [InlineData("chelsea.png", "big cats")]
    public async Task What_is_not_there_is_safe_and_the_reason_says_what_is_seen_instead(string photo, string include)
    {
        Finding finding = Assert.Single((await guardrail.CheckAsync(Policy(include), Photos.Of(photo))).Findings);

        Assert.Equal(Verdict.Safe, finding.Verdict);
        Assert.StartsWith("Looks like ", finding.Reason, StringComparison.Ordinal);
    }

    private static SafetyPolicy Policy(string include, params string[] excludes) => SafetyPolicy.Define("flip", "1")
        .Category("own", category => category.Includes(include).Excludes(excludes).ReviewAt(0.35).BlockAt(0.8)).Build();
}
