using SafeVision.Assessments;
using SafeVision.Models;
using SafeVision.Policies;
using SafeVision.Tests.Policies;

namespace SafeVision.Tests.Documents;

/// <summary>The code, the policies and the errors of docs/writing-a-policy.md.</summary>
public sealed class WritingAPolicyTests
{
    private const string Document = "docs/writing-a-policy.md";
    private const string Cats = "policy: p\nversion: 1\ncategories:\n  - id: cats\n    includes: [cats]\n";

    public static TheoryData<string> Policies => [.. DocumentCode.Shown(Document, "yaml")];

    /// <summary>What the document says that someone wrote, and the whole text in which they wrote it.</summary>
    public static TheoryData<string, string> Mistakes => new()
    {
        { "`include: [cats]`", Cats.Replace("includes", "include") },
        { "`id: Sexuel`", Cats.Replace("id: cats", "id: Sexuel") },
        { "`id: weapons`, and no `includes`", "policy: p\nversion: 1\ncategories:\n  - id: weapons\n" },
        { "`includes: []`", Cats.Replace("[cats]", "[]") },
        { "`includes: cats`", Cats.Replace("[cats]", "cats") },
        { "`block: 80`", $"{Cats}    block: 80\n" },
        { "`block: 0.2`", $"{Cats}    block: 0.2\n" },
        { "`onFailure: Block`", $"{Cats}onFailure: Block\n" },
        { "the same id twice", $"{Cats}  - id: cats\n    includes: [kittens]\n" },
        { "`protects: Buyers: no arms`", $"{Cats}    protects: Buyers: no arms\n" },
        { "a tab before a key", Cats.Replace("    includes", "\tincludes") },
    };

    [Fact]
    public void The_document_shows_code_that_compiles() =>
        Assert.Equal(DocumentCode.Compiled("tests/SafeVision.Tests/Documents/WritingAPolicyTests.cs"), DocumentCode.Shown(Document, "csharp"));

    [Theory]
    [MemberData(nameof(Policies))]
    public void Each_policy_of_the_document_loads_and_fits_the_schema(string yaml)
    {
        Assert.NotEmpty(SafetyPolicy.Parse(yaml).Categories);
        Assert.True(new JsonSchemaSubset(SafetyPolicy.JsonSchema).IsValid(YamlTree.Read(yaml)));
    }

    [Theory]
    [MemberData(nameof(Mistakes))]
    public void Each_mistake_of_the_document_gives_the_error_beside_it(string wrote, string text)
    {
        PolicyError error = Assert.Single(Assert.Throws<PolicyException>(() => SafetyPolicy.Parse(text)).Errors);
        Assert.Contains($"| {wrote} | `{error.Message}` |", Repository.Read(Document), StringComparison.Ordinal);
    }

    [Fact]
    public void The_document_names_every_key_and_every_built_in_category()
    {
        string document = Repository.Read(Document);
        IEnumerable<string> words = [.. PolicyParser.PolicyKeys, .. PolicyParser.DefaultsKeys, .. PolicyParser.CategoryKeys, .. HarmCategory.All.Select(category => category.Id)];
        Assert.All(words, word => Assert.Contains($"\n| `{word}` |", document, StringComparison.Ordinal));
    }

    [Fact]
    public void The_code_of_the_document_does_what_it_says()
    {
        (SafetyPolicy shop, SafetyPolicy[] composed) = Compose(SafetyPolicy.FromFile(Repository.PathOf("samples/policies/forum.yaml")));
        Assert.Equal(
            ["weapons Sexual cats", "weapons", "weapons Sexual Weapons_Substance_Abuse", "weapons Sexual"],
            composed.Select(policy => string.Join(' ', policy.Categories.Select(category => category.Id))));
        Assert.Equal(0.9, shop.Categories[0].BlockAt);
        Assert.Equal(0.3, composed[3].Categories[0].BlockAt);
    }

    [Theory]
    [InlineData("dogs", 118, CoverageLevel.Full)]
    [InlineData("any dog", 118, CoverageLevel.Full)]
    [InlineData("pictures of dogs", 118, CoverageLevel.Full)]
    [InlineData("dogs except poodles", 115, CoverageLevel.Full)]
    [InlineData("big cats", 6, CoverageLevel.Full)]
    [InlineData("firearms", 3, CoverageLevel.Partial)]
    [InlineData("beer", 2, CoverageLevel.Partial)]
    [InlineData("knives shown as weapons", 1, CoverageLevel.Partial)]
    [InlineData("a person with a knife", 1, CoverageLevel.Partial)]
    [InlineData("dogs fighting", 0, CoverageLevel.None)]
    [InlineData("burning buildings", 0, CoverageLevel.None)]
    [InlineData("toy guns", 0, CoverageLevel.None)]
    [InlineData("gun-shaped soap", 0, CoverageLevel.None)]
    [InlineData("glue guns", 0, CoverageLevel.None)]
    [InlineData("dog food", 0, CoverageLevel.None)]
    [InlineData("gun violence", 0, CoverageLevel.None)]
    [InlineData("gatos", 0, CoverageLevel.None)]
    [InlineData("Waffen", 0, CoverageLevel.None)]
    [InlineData("no cats", 0, CoverageLevel.None)]
    public void Each_phrase_of_the_document_means_the_labels_that_it_says(string phrase, int labels, CoverageLevel level)
    {
        Assert.Contains(phrase, Repository.Read(Document), StringComparison.Ordinal);
        SafetyPolicy policy = SafetyPolicy.Define("p", "1").Category("own", category => category.Includes(phrase)).Build();
        PhraseCoverage coverage = Assert.Single(Assert.Single(DefaultModels.CoverageOf(policy)).Phrases);
        Assert.Equal((level, labels), (coverage.Level, coverage.Labels.Count(label => label.StartsWith("imagenet:", StringComparison.Ordinal))));
    }

    [Fact]
    public void The_coverage_that_the_document_prints_is_there_in_code()
    {
        var lines = new List<string>();
        PrintCoverage(SafetyPolicy.FromFile(Repository.PathOf("samples/policies/no-cats.yaml")), lines.Add);
        Assert.Contains("Include 'cats': Full, 8 labels; not judged: nothing", lines);
    }

    private static void PrintCoverage(SafetyPolicy policy, Action<string> print)
    {
        #region coverage
        foreach (CategoryCoverage category in DefaultModels.CoverageOf(policy))
        {
            foreach (PhraseCoverage phrase in category.Phrases)
            {
                print($"{phrase.Role} '{phrase.Phrase}': {phrase.Level}, {phrase.Labels.Count} labels; not judged: {phrase.NotJudged ?? "nothing"}");
            }
        }
        #endregion
    }

    internal static void Define()
    {
        #region define
        SafetyPolicy shop = SafetyPolicy.Define("storefront", "3")
            .Category("weapons", category => category
                .Named("Weapons")
                .Protects("Buyers must not be offered arms.")
                .Includes("firearms, cannons and tanks", "knives shown as weapons")
                .Excludes("rockets and spacecraft")
                .BlockAt(0.9))
            .Category(HarmCategory.Sexual, category => category.ReviewAt(0.2).BlockAt(0.6))
            .WhenNotAssessed(Decision.Review)
            .OnFailure(Decision.Block)
            .Build();
        SafetyPolicy forum = SafetyPolicy.FromFile("forum.yaml");
        #endregion
        Compose(shop.Extend(forum));
    }

    private static (SafetyPolicy Shop, SafetyPolicy[] Composed) Compose(SafetyPolicy forum)
    {
        SafetyPolicy shop = SafetyPolicy.Define("storefront", "3")
            .Category("weapons", category => category.Includes("firearms").BlockAt(0.9)).Category(HarmCategory.Sexual).Build();
        #region compose
        SafetyCategory cats = SafetyCategory.Define("cats", category => category.Includes("cats", "lynxes"));
        SafetyPolicy withoutCats = shop.With(cats);
        SafetyPolicy weaponsOnly = shop.Without("Sexual");
        SafetyPolicy both = shop.Extend(forum, "storefront-and-forum", "1");
        SafetyPolicy strict = shop.With(shop.Categories[0].Customize(category => category.ReviewAt(0.1).BlockAt(0.3)));
        #endregion
        return (shop, [withoutCats, weaponsOnly, both, strict]);
    }

    internal static void Write(SafetyPolicy shop)
    {
        #region write
        File.WriteAllText("storefront.yaml", shop.ToYaml());
        Console.WriteLine($"{shop.Name} {shop.Version}: {shop.ContentHash}");
        #endregion
    }

    internal static void Report()
    {
        #region report
        try
        {
            SafetyPolicy.FromFile("policy.yaml");
        }
        catch (PolicyException exception)
        {
            foreach (PolicyError error in exception.Errors)
            {
                Console.Error.WriteLine($"{error.Source}:{error.Line}:{error.Column}: {error.Message}");
            }
        }
        #endregion
    }

    internal static void Follow(ImageGuardrailBuilder builder)
    {
        #region follow
        builder.UsePolicyFile("policy.yaml", reloadOnChange: true);
        #endregion
    }
}
