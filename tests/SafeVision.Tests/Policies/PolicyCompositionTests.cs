using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class PolicyCompositionTests
{
    private static readonly SafetyPolicy s_base = SafetyPolicy.Define("base", "1")
        .Category(HarmCategory.Sexual)
        .Category("cats", category => category.Includes("cats").BlockAt(0.9))
        .Category("dogs", category => category.Includes("dogs").WhenNotAssessed(Decision.Allow))
        .OnFailure(Decision.Review)
        .Build();

    [Fact]
    public void With_adds_a_category_at_the_end()
    {
        SafetyPolicy policy = s_base.With(HarmCategory.Self_Harm.Definition);
        Assert.Equal(["Sexual", "cats", "dogs", "Self_Harm"], Ids(policy));
        Assert.Equal(("base", "1", Decision.Review, Decision.Review), (policy.Name, policy.Version, policy.OnFailure, policy.WhenNotAssessed));
        Assert.Equal(["Sexual", "cats", "dogs"], Ids(s_base));
    }

    [Fact]
    public void With_replaces_a_category_of_the_same_id_where_it_stands()
    {
        SafetyCategory kittens = SafetyCategory.Define("CATS", category => category.Includes("kittens"));
        SafetyPolicy policy = s_base.With(kittens);
        Assert.Equal(["Sexual", "CATS", "dogs"], Ids(policy));
        Assert.Equal(kittens, policy.Categories[1]);
    }

    [Fact]
    public void With_the_same_category_is_the_same_policy() =>
        Assert.All(s_base.Categories, category => Assert.Equal(s_base, s_base.With(category)));

    [Fact]
    public void Without_takes_a_category_away_in_any_case() => Assert.Equal(["Sexual", "dogs"], Ids(s_base.Without("Cats")));

    [Fact]
    public void Without_what_was_added_is_the_policy_as_it_was() =>
        Assert.Equal(s_base, s_base.With(HarmCategory.Political.Definition).Without("political"));

    [Fact]
    public void Without_refuses_an_unknown_category_and_the_last_one()
    {
        Assert.Equal("base: the policy has no category 'cat'; did you mean 'cats'?", Assert.Throws<PolicyException>(() => s_base.Without("cat")).Message);
        Assert.Equal("base: the policy has no category 'zebra'; it has Sexual, cats, dogs", Assert.Throws<PolicyException>(() => s_base.Without("zebra")).Message);
        Assert.Equal(
            "base: 'Sexual' is the policy's last category; without one it would allow everything",
            Assert.Throws<PolicyException>(() => s_base.Without("cats").Without("dogs").Without("Sexual")).Message);
    }

    [Fact]
    public void Extend_lets_the_other_policys_categories_win()
    {
        SafetyPolicy other = SafetyPolicy.Define("other", "7")
            .Category("birds", category => category.Includes("birds"))
            .Category("Cats", category => category.Includes("kittens"))
            .OnFailure(Decision.Allow)
            .Build();
        SafetyPolicy policy = s_base.Extend(other);
        Assert.Equal(["Sexual", "Cats", "dogs", "birds"], Ids(policy));
        Assert.Equal(["kittens"], policy.Categories[1].Includes);
        Assert.Equal(("base", "1", Decision.Review), (policy.Name, policy.Version, policy.OnFailure));
        Assert.Equal(("both", "2"), (s_base.Extend(other, "both", "2").Name, s_base.Extend(other, "both", "2").Version));
    }

    [Fact]
    public void Extend_keeps_what_the_other_policy_does_with_what_was_not_assessed()
    {
        SafetyPolicy other = SafetyPolicy.Define("other", "1")
            .Category("birds", category => category.Includes("birds"))
            .Category("fish", category => category.Includes("fish").WhenNotAssessed(Decision.Allow))
            .WhenNotAssessed(Decision.Block)
            .Build();
        SafetyPolicy policy = s_base.Extend(other);
        Assert.All(other.Categories, category =>
        {
            Assert.True(policy.TryGetCategory(category.Id, out SafetyCategory? composed));
            Assert.Equal(other.WhenNotAssessedFor(category), policy.WhenNotAssessedFor(composed));
        });
        Assert.All(s_base.Categories, category => Assert.Equal(s_base.WhenNotAssessedFor(category), policy.WhenNotAssessedFor(category)));
    }

    [Fact]
    public void Extend_by_itself_changes_nothing() => Assert.Equal(s_base, s_base.Extend(s_base));

    [Fact]
    public void Safe_is_no_category_of_a_policy()
    {
        const string Error = "'SAFE' means that an image belongs to no category, so it cannot be one";
        Assert.Equal($"base: {Error}", Assert.Throws<PolicyException>(() => s_base.With(HarmCategory.Safe.Definition)).Message);
        Assert.Contains(Error, Assert.Throws<PolicyException>(() => SafetyPolicy.Define("p", "1").Category(HarmCategory.Safe).Build()).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_has_at_most_256_categories()
    {
        SafetyPolicy full = Enumerable.Range(0, 253).Aggregate(s_base, (policy, index) => policy.With(SafetyCategory.Define($"own{index}", category => category.Includes("x"))));
        Assert.Equal(256, full.Categories.Count);
        Assert.Equal(
            "base: the policy would have 257 categories; at most 256 are allowed",
            Assert.Throws<PolicyException>(() => full.With(HarmCategory.Political.Definition)).Message);
    }

    [Fact]
    public void A_name_for_the_result_is_checked_like_any_other() =>
        Assert.Equal("base: the policy's name is empty", Assert.Throws<PolicyException>(() => s_base.Extend(s_base, " ")).Message);

    [Fact]
    public void A_customised_category_keeps_all_that_was_not_said_anew()
    {
        SafetyCategory cats = s_base.Categories[1];
        SafetyCategory strict = cats.Customize(category => category.ReviewAt(0.1).Excludes("lions"));
        Assert.Equal((cats.Id, cats.Name, 0.1, 0.9), (strict.Id, strict.Name, strict.ReviewAt, strict.BlockAt));
        Assert.Equal(cats.Includes, strict.Includes);
        Assert.Equal(["lions"], strict.Excludes);
        Assert.Equal(cats, strict.Customize(category => category.ReviewAt(cats.ReviewAt).Excludes()));
    }

    private static IEnumerable<string> Ids(SafetyPolicy policy) => policy.Categories.Select(category => category.Id);
}
