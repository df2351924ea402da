using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed class PolicySchemaTests
{
    private static readonly JsonSchemaSubset s_schema = new(SafetyPolicy.JsonSchema);
    private static readonly JsonObject s_tree = JsonNode.Parse(SafetyPolicy.JsonSchema)!.AsObject();

    [Fact]
    public void The_schema_that_the_library_gives_is_the_file_that_editors_read() =>
        Assert.Equal(Repository.Read("src/SafeVision/Policies/policy.schema.json"), SafetyPolicy.JsonSchema);

    [Fact]
    public void The_schema_names_the_keys_that_the_reader_knows()
    {
        Assert.Equal(PolicyParser.PolicyKeys.Order(), Keys(s_tree["properties"]!));
        Assert.Equal(PolicyParser.DefaultsKeys.Order(), Keys(s_tree["properties"]!["defaults"]!["properties"]!));
        Assert.Equal(PolicyParser.CategoryKeys.Order(), Keys(s_tree["$defs"]!["category"]!["properties"]!));
        Assert.Equal(HarmCategory.All.Select(category => category.Id), s_tree["$defs"]!["builtInId"]!["enum"]!.AsArray().Select(id => id!.GetValue<string>()));
    }

    [Fact]
    public void The_schema_has_the_limits_and_defaults_of_the_reader()
    {
        JsonNode category = s_tree["$defs"]!["category"]!["properties"]!;
        JsonNode phrases = s_tree["$defs"]!["phrases"]!;
        Assert.Equal(PolicyDraft.MostCategories, (int)s_tree["properties"]!["categories"]!["maxItems"]!);
        Assert.Equal(PolicyDraft.LongestName, (int)s_tree["properties"]!["policy"]!["maxLength"]!);
        Assert.Equal(CategoryDraft.MostPhrases, (int)phrases["maxItems"]!);
        Assert.Equal(CategoryDraft.LongestPhrase, (int)phrases["items"]!["maxLength"]!);
        Assert.Equal(CategoryDraft.LongestName, (int)category["name"]!["maxLength"]!);
        Assert.Equal(CategoryDraft.LongestPurpose, (int)category["protects"]!["maxLength"]!);
        Assert.Equal(SafetyCategory.DefaultReviewAt, (double)s_tree["properties"]!["defaults"]!["properties"]!["review"]!["default"]!);
        Assert.Equal(SafetyCategory.DefaultBlockAt, (double)s_tree["properties"]!["defaults"]!["properties"]!["block"]!["default"]!);
    }

    [Fact]
    public void Every_policy_that_the_library_writes_fits_the_schema() =>
        PolicyGenerator.Policies.Sample(
            policy => s_schema.IsValid(YamlTree.Read(policy.ToYaml())) && s_schema.IsValid(JsonNode.Parse(PolicyTextForms.ToJson(policy))), iter: 200);

    [Theory]
    [InlineData("onFail: block")]
    [InlineData("onFailure: deny")]
    [InlineData("defaults: { reviews: 0.2 }")]
    [InlineData("defaults: { block: 80 }")]
    [InlineData("defaults: { review: 0 }")]
    [InlineData("policy: [p]")]
    [InlineData("version: true")]
    [InlineData("categories: []")]
    [InlineData("categories: [Sexual]")]
    [InlineData("categories: [{ name: Sexual }]")]
    [InlineData("categories: [{ id: Sexuel }]")]
    [InlineData("categories: [{ id: my cats, includes: [cats] }]")]
    [InlineData("categories: [{ id: cats, includes: [] }]")]
    [InlineData("categories: [{ id: cats, includes: cats }]")]
    [InlineData("categories: [{ id: cats, includes: [cats, cats] }]")]
    [InlineData("categories: [{ id: cats, includes: [cats], block: \"0.9\" }]")]
    [InlineData("categories: [{ id: cats, includes: [cats], whenNotAssessed: no }]")]
    [InlineData("categories: [{ id: cats, include: [cats] }]")]
    public void The_schema_and_the_reader_refuse_the_same_mistakes(string line)
    {
        string key = line[..line.IndexOf(':', StringComparison.Ordinal)];
        string[] others = [.. new[] { "policy: p", "version: \"1\"", "categories: [{ id: Sexual }]" }.Where(other => !other.StartsWith($"{key}:", StringComparison.Ordinal))];
        Assert.False(s_schema.IsValid(YamlTree.Read(string.Join('\n', [.. others, line]))));
        Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(string.Join('\n', [.. others, line])));
    }

    [Fact]
    public void A_file_that_names_its_schema_loads()
    {
        SafetyPolicy policy = SafetyPolicy.Parse("""{ "$schema": "policy.schema.json", "policy": "p", "version": "1", "categories": [{ "id": "Sexual" }] }""");
        Assert.Equal("p", policy.Name);
    }

    private static IEnumerable<string> Keys(JsonNode node) => node.AsObject().Select(property => property.Key).Order();
}
