using System.Text.Json;
using SafeVision.Tests;

namespace SafeVision.Cli.Tests;

/// <summary>What <c>policy show</c>, <c>policy validate</c>, <c>policy new --from</c> and <c>explain</c> say about words and labels.</summary>
public sealed class PolicyShowCommandTests
{
    private const string Poodles = "policy: p\nversion: '1'\ncategories:\n  - id: dogs\n    includes: [dogs, burning buildings, beer, gatos]\n    excludes: [poodles, guide dogs]\n";

    [Fact]
    public async Task Json_has_exactly_the_form_that_scripts_rely_on()
    {
        using var folder = new TemporaryFolder();
        CommandRun run = await CommandRun.OfAsync("policy", "show", folder.Write("p.yaml", Poodles), "--format", "json");

        Assert.Equal(0, run.ExitCode);
        JsonElement root = run.Json();
        Assert.Equal(["policy", "categories"], Names(root));
        Assert.Equal("p", root.GetProperty("policy").GetString());
        JsonElement category = Assert.Single(root.GetProperty("categories").EnumerateArray());
        Assert.Equal(["id", "coverage", "phrases"], Names(category));
        Assert.Equal(("dogs", "partial"), (category.GetProperty("id").GetString(), category.GetProperty("coverage").GetString()));
        JsonElement[] phrases = [.. category.GetProperty("phrases").EnumerateArray()];
        Assert.All(phrases, phrase => Assert.Equal(["phrase", "role", "coverage", "labels", "by", "notJudged", "suggestion"], Names(phrase)));
        Assert.Equal(
            ["dogs include full kind ", "burning buildings include none kind burning buildings", "beer include partial relation what 'beer' means beyond these labels",
                "gatos include none kind gatos", "poodles exclude full kind ", "guide dogs exclude none kind guide dogs"],
            phrases.Select(phrase => string.Join(' ', new[] { "phrase", "role", "coverage", "by", "notJudged" }.Select(name => phrase.GetProperty(name).GetString()))));
        Assert.Equal("building", phrases[1].GetProperty("suggestion").GetString());
        Assert.Equal(JsonValueKind.Null, phrases[0].GetProperty("notJudged").ValueKind);
        string[] poodles = [.. phrases[4].GetProperty("labels").EnumerateArray().Select(label => label.GetString()!)];
        Assert.Equal(["imagenet:265 toy poodle", "imagenet:266 miniature poodle", "imagenet:267 standard poodle"], poodles[..3]);
        Assert.All(poodles[3..], label => Assert.StartsWith("symbols:", label, StringComparison.Ordinal));
    }

    [Fact]
    public async Task Validate_warns_of_excludes_without_effect_and_of_categories_that_nothing_judges()
    {
        using var folder = new TemporaryFolder();
        string file = folder.Write("p.yaml", $"{Poodles}  - id: politicians\n    includes: [politicians]\n  - id: Sexual\n");

        CommandRun run = await CommandRun.OfAsync("policy", "validate", file);

        Assert.Equal(0, run.ExitCode);
        Assert.StartsWith($"{file}: valid. p 1, 3 categories", run.Output, StringComparison.Ordinal);
        Assert.Equal(
            $"{file}: warning: category 'dogs': 'guide dogs' cannot be excluded by these models, and is judged with the rest.\n" +
            $"{file}: warning: category 'politicians' is not assessed by the default models: no label shows what its words mean.\n",
            run.Error);
    }

    [Theory]
    [InlineData("no dogs, except poodles", "dogs", "dogs", "poodles")]
    [InlineData("No guns, knives or drugs.", "guns", "guns, knives, drugs", "")]
    [InlineData("block images of cats but not lions and tigers", "cats", "cats", "lions, tigers")]
    [InlineData("no nudity; no \"quoted\" things", "nudity", "nudity", "")]
    [InlineData("no dogs except poodles, no cats", "dogs", "dogs", "poodles")] // the cats are a category of their own, and no exception
    [InlineData("no weapons (except toy guns)!", "weapons", "weapons", "toy guns")]
    [InlineData("don't show me snakes", "snakes", "snakes", "")]
    public async Task New_drafts_a_policy_from_a_simple_sentence(string sentence, string id, string includes, string excludes)
    {
        using var folder = new TemporaryFolder();
        string file = folder.At("policy.yaml");

        CommandRun written = await CommandRun.OfAsync("policy", "new", file, "--from", sentence);
        CommandRun printed = await CommandRun.OfAsync("policy", "new", "--from", sentence);

        Assert.Equal((0, 0), (written.ExitCode, printed.ExitCode));
        SafeVision.Policies.SafetyPolicy policy = SafeVision.Policies.SafetyPolicy.FromFile(file);
        Assert.Equal(policy, SafeVision.Policies.SafetyPolicy.Parse(printed.Output));
        Assert.Equal((id, includes, excludes), (policy.Categories[0].Id, string.Join(", ", policy.Categories[0].Includes), string.Join(", ", policy.Categories[0].Excludes)));
        Assert.Equal(sentence.Split("no ").Length > 2 ? 2 : 1, policy.Categories.Count);
    }

    [Theory]
    [InlineData("please be nice")]
    [InlineData("no")]
    [InlineData("no dogs except poodles except toy poodles")]
    [InlineData("no cats and dogs, but tigers are fine")]
    [InlineData("no dogs; cats are allowed")]
    [InlineData("block cats, not dogs")]
    [InlineData("")]
    public async Task A_sentence_that_does_not_say_plainly_what_is_forbidden_is_refused(string sentence)
    {
        using var folder = new TemporaryFolder();
        CommandRun run = await CommandRun.OfAsync("policy", "new", folder.At("policy.yaml"), "--from", sentence);

        Assert.Equal(1, run.ExitCode);
        Assert.Contains("Say it like: \"no dogs, except poodles\"", run.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(folder.At("policy.yaml")));
    }

    [Fact]
    public async Task The_document_shows_what_is_printed_of_its_policy()
    {
        string document = File.ReadAllText(Repository.PathOf("docs/writing-a-policy.md")).ReplaceLineEndings("\n");
        string policy = document.Split("```yaml\n").First(block => block.Contains("  - id: weapons\n    name: Weapons\n", StringComparison.Ordinal)).Split("```")[0];
        using var folder = new TemporaryFolder();

        CommandRun run = await CommandRun.OfAsync("policy", "show", folder.Write("policy.yaml", policy));

        string[] printed = [.. run.Output.ReplaceLineEndings("\n").Split('\n').Where(line => line.StartsWith('#'))];
        Assert.Equal(5, printed.Length);
        Assert.Contains(string.Concat(printed.Select(line => $"    {line}\n")), document, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Explain_says_which_labels_carried_which_score()
    {
        CommandRun run = await CommandRun.OfAsync(
            "explain", Repository.PathOf("samples/images/chelsea.png"), "--policy", Repository.PathOf("samples/policies/no-cats.yaml"));

        Assert.Equal(3, run.ExitCode);
        Assert.Contains("chelsea.png: block under no-cats 2", run.Output, StringComparison.Ordinal);
        Assert.Matches(@"\ncats: [01]\.\d{3}, threshold 0\.80, block\n  Looks like an? (Egyptian cat|tabby|tiger cat) ", run.Output);
        Assert.Matches(@"\n  0\.\d{3}  imagenet:285 Egyptian cat: a kind of cat, by the policy's 'cats'\n", run.Output);
    }

    private static string[] Names(JsonElement element) => [.. element.EnumerateObject().Select(property => property.Name)];
}
