using System.Text.RegularExpressions;
using SafeVision.Policies;

namespace SafeVision.Tests.Policies;

public sealed partial class SamplePoliciesTests
{
    public static TheoryData<string> Files =>
        [.. Directory.EnumerateFiles(Repository.PathOf("samples"), "*.yaml", SearchOption.AllDirectories)
            .Select(path => Path.GetRelativePath(Repository.PathOf("."), path))
            .Where(path => !path.Split(Path.DirectorySeparatorChar).Any(folder => folder is "bin" or "obj" or "cases"))
            .Order()];

    [Fact]
    public void There_are_samples() => Assert.True(Files.Count >= 5);

    [Theory]
    [MemberData(nameof(Files))]
    public void A_sample_loads_fits_the_schema_and_survives_a_round_trip(string file)
    {
        SafetyPolicy policy = SafetyPolicy.FromFile(Repository.PathOf(file));
        Assert.Equal(policy, SafetyPolicy.Parse(policy.ToYaml()));
        Assert.True(new JsonSchemaSubset(SafetyPolicy.JsonSchema).IsValid(YamlTree.Read(Repository.Read(file))));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void A_sample_tells_editors_where_the_schema_lies(string file)
    {
        Match line = ModeLine().Match(Repository.Read(file));
        Assert.True(line.Success);
        string schema = Path.Combine(Repository.PathOf(Path.GetDirectoryName(file)!), line.Groups["path"].Value);
        Assert.Equal(SafetyPolicy.JsonSchema, File.ReadAllText(schema));
    }

    [Fact]
    public void The_strict_sample_has_all_that_is_built_in() =>
        Assert.Equal(HarmCategory.All.Select(category => category.Id), SafetyPolicy.FromFile(Repository.PathOf("samples/policies/strict.yaml")).Categories.Select(category => category.Id));

    [GeneratedRegex(@"^# yaml-language-server: \$schema=(?<path>\S+)\r?$", RegexOptions.Multiline)]
    private static partial Regex ModeLine();
}
