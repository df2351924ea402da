using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class SafetyPolicyTests
{
    private const string Minimal = "policy: p\nversion: 1\ncategories:\n  - id: Sexual\n";

    [Fact]
    public void What_is_not_said_is_the_careful_choice()
    {
        SafetyPolicy policy = SafetyPolicy.Parse(Minimal);
        Assert.Equal(Decision.Block, policy.OnFailure);
        Assert.Equal(Decision.Review, policy.WhenNotAssessed);
        SafetyCategory category = Assert.Single(policy.Categories);
        Assert.Equal((0.35, 0.80), (category.ReviewAt, category.BlockAt));
        Assert.Equal(HarmCategory.Sexual.Definition, category);
        Assert.Equal(policy, SafetyPolicy.Define("p", "1").Category(HarmCategory.Sexual).Build());
    }

    [Theory]
    [InlineData("allow", Decision.Allow)]
    [InlineData("review", Decision.Review)]
    [InlineData("block", Decision.Block)]
    public void Decisions_are_read_where_they_stand(string word, Decision decision)
    {
        Assert.Equal(decision, SafetyPolicy.Parse($"{Minimal}onFailure: {word}\n").OnFailure);
        Assert.Equal(decision, SafetyPolicy.Parse($"{Minimal}defaults: {{ whenNotAssessed: {word} }}\n").WhenNotAssessed);
        Assert.Equal(decision, SafetyPolicy.Parse($"{Minimal}    whenNotAssessed: {word}\n").Categories[0].WhenNotAssessed);
    }

    [Fact]
    public void A_category_without_a_rule_of_its_own_follows_the_policy()
    {
        SafetyPolicy policy = SafetyPolicy.Define("p", "1")
            .Category(HarmCategory.Sexual)
            .Category(HarmCategory.Self_Harm, category => category.WhenNotAssessed(Decision.Block))
            .WhenNotAssessed(Decision.Allow)
            .Build();
        Assert.Null(policy.Categories[0].WhenNotAssessed);
        Assert.Equal(Decision.Allow, policy.WhenNotAssessedFor(policy.Categories[0]));
        Assert.Equal(Decision.Block, policy.WhenNotAssessedFor(policy.Categories[1]));
    }

    [Fact]
    public void Default_thresholds_hold_for_the_categories_that_name_none()
    {
        SafetyPolicy policy = SafetyPolicy.Parse($"{Minimal}    review: 0.1\n  - id: cats\n    includes: [cats]\ndefaults: {{ review: 0.2, block: 0.6 }}\n");
        Assert.Equal((0.1, 0.6), (policy.Categories[0].ReviewAt, policy.Categories[0].BlockAt));
        Assert.Equal((0.2, 0.6), (policy.Categories[1].ReviewAt, policy.Categories[1].BlockAt));
        Assert.Equal(policy, SafetyPolicy.Define("p", "1").ReviewAt(0.2).BlockAt(0.6)
            .Category(HarmCategory.Sexual, category => category.ReviewAt(0.1)).Category("cats", category => category.Includes("cats")).Build());
    }

    [Fact]
    public void Phrases_of_a_file_replace_those_of_the_definition()
    {
        SafetyCategory category = SafetyPolicy.Parse($"{Minimal}    includes: [nudity]\n").Categories[0];
        Assert.Equal(["nudity"], category.Includes);
        Assert.Equal(HarmCategory.Sexual.Definition.Excludes, category.Excludes);
        Assert.Empty(SafetyPolicy.Parse($"{Minimal}    excludes: []\n").Categories[0].Excludes);
    }

    [Fact]
    public void A_built_in_id_is_known_in_any_case_and_kept_in_its_own()
    {
        Assert.Equal(SafetyPolicy.Parse(Minimal), SafetyPolicy.Parse(Minimal.Replace("Sexual", "SEXUAL")));
        SafetyPolicy policy = SafetyPolicy.Parse(Minimal);
        Assert.True(policy.TryGetCategory("sExUaL", out SafetyCategory? found));
        Assert.Same(policy.Categories[0], found);
        Assert.False(policy.TryGetCategory("Sexua", out _));
    }

    [Fact]
    public void What_made_a_policy_can_change_without_changing_it()
    {
        List<string> phrases = ["cats"];
        SafetyPolicyBuilder builder = SafetyPolicy.Define("p", "1").Category("cats", category => category.Includes(phrases));
        SafetyPolicy policy = builder.Build();
        string hash = policy.ContentHash;
        phrases.Add("dogs");
        builder.Category(HarmCategory.Sexual).OnFailure(Decision.Allow);
        Assert.Equal(["cats"], policy.Categories[0].Includes);
        Assert.Equal((1, Decision.Block, hash), (policy.Categories.Count, policy.OnFailure, policy.ContentHash));
        Assert.False(policy.Categories is IList<SafetyCategory> or Array);
        Assert.False(policy.Categories[0].Includes is IList<string> or Array);
    }

    [Fact]
    public void Several_threads_read_one_policy_from_one_text()
    {
        string yaml = SafetyPolicy.Starter.ToYaml();
        SafetyPolicy[] policies = new SafetyPolicy[32];
        Parallel.For(0, policies.Length, index => policies[index] = SafetyPolicy.Parse(yaml));
        Assert.All(policies, policy => Assert.Equal(SafetyPolicy.Starter, policy));
    }

    [Fact]
    public void A_log_line_tells_policies_apart()
    {
        SafetyPolicy policy = SafetyPolicy.Parse(Minimal);
        Assert.Equal($"p 1 (sha256 {policy.ContentHash[..12]})", policy.ToString());
        Assert.Matches("^[0-9a-f]{64}$", policy.ContentHash);
    }

    [Fact]
    public void Null_is_misuse_and_not_a_policy_error()
    {
        Assert.Throws<ArgumentNullException>(() => SafetyPolicy.Parse(null!));
        Assert.Throws<ArgumentNullException>(() => SafetyPolicy.Define(null!, "1"));
        Assert.Throws<ArgumentNullException>(() => SafetyPolicy.Starter.With(null!));
        Assert.Throws<ArgumentNullException>(() => SafetyCategory.Define("cats", category => category.Includes("cats", null!)));
        Assert.ThrowsAny<ArgumentException>(() => new PolicyException([]));
    }
}
