using CsCheck;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class PolicyHashTests
{
    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("shop", "1")
        .Category("weapons", category => Weapons(category))
        .Category(HarmCategory.Sexual)
        .Build();

    /// <summary>Every way in which a policy can differ from another.</summary>
    public static TheoryData<string, SafetyPolicy> Changes => new()
    {
        { "name", SafetyPolicy.Define("shop2", "1").Category("weapons", category => Weapons(category)).Category(HarmCategory.Sexual).Build() },
        { "version", SafetyPolicy.Define("shop", "1.0").Category("weapons", category => Weapons(category)).Category(HarmCategory.Sexual).Build() },
        { "on failure", SafetyPolicy.Define("shop", "1").Category("weapons", category => Weapons(category)).Category(HarmCategory.Sexual).OnFailure(Decision.Review).Build() },
        { "when not assessed", SafetyPolicy.Define("shop", "1").Category("weapons", category => Weapons(category)).Category(HarmCategory.Sexual).WhenNotAssessed(Decision.Block).Build() },
        { "order of categories", SafetyPolicy.Define("shop", "1").Category(HarmCategory.Sexual).Category("weapons", category => Weapons(category)).Build() },
        { "a category less", s_policy.Without("Sexual") },
        { "a category more", s_policy.With(HarmCategory.Political.Definition) },
        { "id", SafetyPolicy.Define("shop", "1").Category("Weapons", category => Weapons(category).Named("weapons")).Category(HarmCategory.Sexual).Build() },
        { "category's name", Changed(category => category.Named("Arms")) },
        { "protects", Changed(category => category.Protects("Nobody")) },
        { "includes", Changed(category => category.Includes("rifles")) },
        { "order of includes", Changed(category => category.Includes("ammunition", "rifles")) },
        { "case of a phrase", Changed(category => category.Includes("Rifles", "ammunition")) },
        { "excludes", Changed(category => category.Excludes()) },
        { "phrase moved from includes to excludes", Changed(category => category.Includes("rifles").Excludes("ammunition", "toys")) },
        { "review", Changed(category => category.ReviewAt(0.36)) },
        { "block", Changed(category => category.BlockAt(Math.BitIncrement(0.8))) },
        { "category's own rule", Changed(category => category.WhenNotAssessed(Decision.Review)) },
    };

    [Theory]
    [MemberData(nameof(Changes))]
    public void Every_change_of_meaning_changes_the_hash(string what, SafetyPolicy changed)
    {
        _ = what;
        Assert.NotEqual(s_policy.ContentHash, changed.ContentHash);
        Assert.NotEqual(s_policy, changed);
    }

    [Fact]
    public void No_two_changes_share_a_hash() =>
        Assert.Equal(Changes.Count, Changes.Select(row => row.Data.Item2.ContentHash).Distinct().Count());

    [Fact]
    public void Policies_are_equal_exactly_when_their_hashes_are() =>
        Gen.Select(PolicyGenerator.Policies, PolicyGenerator.Policies).Sample((left, right) =>
            left == right == (left.ContentHash == right.ContentHash) && left == SafetyPolicy.Parse(left.ToYaml()), iter: 200);

    [Fact]
    public void The_hash_of_a_policy_stays_what_it_is()
    {
        // Stored decisions name policies by this hash: a new form of it needs a new prefix in PolicyHash.
        SafetyPolicy policy = SafetyPolicy.Parse("policy: golden\nversion: 1\ncategories:\n  - id: cats\n    includes: [cats, chatons, 猫]\n    excludes: [lions]\n    block: 0.9\n");
        Assert.Equal("63ad494788d45cb69f74e93fdb5041da16aea8edea5f665877c232985401a8a5", policy.ContentHash);
    }

    private static SafetyCategoryBuilder Weapons(SafetyCategoryBuilder category) => category.Includes("rifles", "ammunition").Excludes("toys");

    private static SafetyPolicy Changed(Action<SafetyCategoryBuilder> change) =>
        s_policy.With(s_policy.Categories[0].Customize(change));
}
