using CsCheck;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class PolicyRoundTripTests
{
    [Fact]
    public void A_policy_written_as_yaml_reads_back_equal() =>
        PolicyGenerator.Policies.Sample(policy =>
        {
            string yaml = policy.ToYaml();
            SafetyPolicy read = SafetyPolicy.Parse(yaml);
            return read == policy && read.ContentHash == policy.ContentHash && read.GetHashCode() == policy.GetHashCode() && read.ToYaml() == yaml;
        }, iter: 600);

    [Fact]
    public void Json_comments_line_ends_and_the_order_of_keys_make_no_other_policy() =>
        PolicyGenerator.Policies.Sample(policy =>
            SafetyPolicy.Parse(PolicyTextForms.ToJson(policy)) == policy
            && SafetyPolicy.Parse(PolicyTextForms.ToCompactJson(policy)) == policy
            && SafetyPolicy.Parse(PolicyTextForms.ToCommentedYaml(policy)) == policy,
            iter: 300);

    [Fact]
    public void A_policy_survives_parsing_in_any_unicode_form() =>
        Assert.Equal(
            SafetyPolicy.Parse("policy: cafe\u0301\nversion: 1\ncategories: [{id: Sexual}]\n"),
            SafetyPolicy.Parse("policy: caf\u00e9\nversion: \"1\"\ncategories: [{id: Sexual}]\n"));

    [Fact]
    public void A_built_in_category_is_written_by_its_id_and_what_differs()
    {
        SafetyPolicy policy = SafetyPolicy.Define("shop", "1.10")
            .Category(HarmCategory.Sexual, sexual => sexual.BlockAt(0.6).Excludes())
            .Category("cats", cats => cats.Includes("cats", "big: cats"))
            .WhenNotAssessed(Decision.Block)
            .Build();
        Assert.Equal(
            """
            policy: shop
            version: "1.10"
            onFailure: block
            defaults:
              whenNotAssessed: block
            categories:
              - id: Sexual
                excludes: []
                review: 0.35
                block: 0.6
              - id: cats
                includes:
                  - cats
                  - "big: cats"
                review: 0.35
                block: 0.8

            """.ReplaceLineEndings("\n"),
            policy.ToYaml());
    }

    [Theory]
    [InlineData("1.10", "1.10")]
    [InlineData("3", "3")]
    [InlineData("2026-11-24", "2026-11-24")]
    [InlineData("\"1.10\"", "1.10")]
    public void A_version_is_read_as_it_is_written(string written, string version) =>
        Assert.Equal(version, SafetyPolicy.Parse($"policy: p\nversion: {written}\ncategories: [{{id: Sexual}}]\n").Version);
}
