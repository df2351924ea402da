using SafeVision.Evaluation.Cases;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Cases;

public sealed class PolicyCasesTests
{
    private static readonly SafetyPolicy s_policy = SafetyPolicy.FromFile(Repository.Fixture("policies", "no-cats.yaml"));

    private static string Cases => Repository.Fixture("cases");

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    #region cases
    /// <summary>One test for each case of the folder, by its name.</summary>
    public static TheoryData<string> Names => [.. PolicyCases.Load(Cases).Select(one => one.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task The_policy_holds(string name)
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(s_policy).UseDefaultModels());
        PolicyCase policyCase = PolicyCases.Load(Cases).Single(one => one.Name == name);

        PolicyCaseResult result = await PolicyTester.RunAsync(guardrail, s_policy, policyCase, TestContext.Current.CancellationToken);

        Assert.True(result.Passed, result.Message);
    }
    #endregion

    [Fact]
    public async Task A_case_that_does_not_hold_says_what_was_expected_what_came_and_why_it_matters()
    {
        using var folder = new TemporaryFolder();
        File.Copy(Repository.Photo("chelsea.png"), folder.File("cat.png"));
        await File.WriteAllTextAsync(folder.File("a.yaml"), """
            cases:
              - image: cat.png
                decision: allow
                verdicts: { cats: safe, dogs: safe }
                scores: { cats: { atMost: 0.1 } }
                reason: { mentions: [dog], avoids: [cat] }
                because: Somebody likes them.
            """, Cancellation);
        Directory.CreateDirectory(folder.File("review"));
        File.Copy(Repository.Photo("coffee.png"), folder.File("review", "coffee.png"));
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(s_policy).UseDefaultModels());

        IReadOnlyList<PolicyCaseResult> results = await PolicyTester.RunAllAsync(guardrail, s_policy, PolicyCases.Load(folder.Path), cancellationToken: Cancellation);

        Assert.Equal(["cat.png", "review/coffee.png"], results.Select(result => result.Case.Name));
        Assert.All(results, result => Assert.False(result.Passed));
        Assert.Equal(6, results[0].Mismatches.Count);
        Assert.StartsWith("Expected allow, but it is block. Expected 'cats' to be safe, but it is unsafe (", results[0].Message, StringComparison.Ordinal);
        Assert.Contains("'dogs' to be safe, but it is not in the policy", results[0].Message, StringComparison.Ordinal);
        Assert.Contains("Expected because: Somebody likes them.", results[0].Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_image_that_cannot_be_judged_never_passes_even_where_its_decision_is_the_expected_one()
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(folder.File("block"));
        await File.WriteAllBytesAsync(folder.File("block", "broken.png"), [1, 2, 3], Cancellation);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(s_policy).UseDefaultModels());

        PolicyCaseResult result = await PolicyTester.RunAsync(guardrail, s_policy, Assert.Single(PolicyCases.Load(folder.Path)), Cancellation);

        Assert.Equal(Decision.Block, result.Result.Decision);
        Assert.Contains("could not be judged", result.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("cases:\n  - decision: block\n", "a.yaml:2:5: the case names no image")]
    [InlineData("cases:\n  - image: cat.png\n", "a.yaml:2:5: the case expects nothing")]
    [InlineData("cases:\n  - image: dog.png\n    decision: block\n", "a.yaml:2:12: there is no image 'dog.png'")]
    [InlineData("cases:\n  - image: ../cat.png\n    decision: block\n", "a.yaml:2:12: The dataset names the file '../cat.png'")]
    [InlineData("cases:\n  - image: cat.png\n    decison: block\n", "a.yaml:3:5: unknown key 'decison'; did you mean 'decision'?")]
    [InlineData("cases:\n  - image: cat.png\n    decision: blok\n", "a.yaml:3:15: 'blok' is not a decision for 'decision'; did you mean 'block'?")]
    [InlineData("cases:\n  - image: cat.png\n    verdicts: { cats: dangerous }\n", "a.yaml:3:23: 'dangerous' is not a verdict")]
    [InlineData("cases:\n  - image: cat.png\n    scores: { cats: { atLeast: 0.9, atMost: 0.2 } }\n", "no score can pass")]
    [InlineData("cases: 3\n", "a.yaml:1:8: 'cases' is a number; it must be a list")]
    [InlineData("cases: []\n", "no case")]
    [InlineData("cases:\n  - &a { image: cat.png }\n", "anchors")]
    [InlineData("cases:\n  - { image: cat.png, decision: allow, decision: block }\n", "key 'decision' stands twice")]
    [InlineData("cases:\n  - { image: cat.png, reason: { mentions: [5] } }\n", "it must be text; put it in quotes")]
    [InlineData("cases:\n  - { image: cat.png, scores: { cats: { atLeast: .nan } } }\n", "'atLeast' must be a number from 0 to 1")]
    [InlineData("cases:\n  - { image: cat.png, scores: { cats: { atLeast: 2 } } }\n", "'atLeast' must be a number from 0 to 1")]
    [InlineData("cases:\n  - { image: !!binary cat.png, decision: allow }\n", "tags (")]
    [InlineData("cases: []\n---\ncases: []\n", "a second document begins here")]
    [InlineData("cases: [[[[[[[[[[[[1]]]]]]]]]]]]\n", "nested more than 8 deep")]
    [InlineData("cases:\n  - { image: cat.png\n", "not valid YAML")]
    [InlineData("cases:\n\0  - image: cat.png\n", "a.yaml:2:1: the character U+0000")]
    [InlineData("- cases\n", "a file of cases is a list; it must be a mapping with 'cases'")]
    public void A_mistake_is_an_error_that_says_where(string text, string message)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("cat.png"), []);
        File.WriteAllText(folder.File("a.yaml"), text);
        Assert.Contains(message, Assert.Throws<EvaluationException>(() => PolicyCases.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_text_or_a_pipe_is_an_error_that_names_it()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.File("a.yaml"), [0xC3, 0x28]);
        Assert.Contains("a.yaml is not UTF-8", Assert.Throws<EvaluationException>(() => PolicyCases.Load(folder.Path)).Message, StringComparison.Ordinal);
        File.Delete(folder.File("a.yaml"));
        File.CreateSymbolicLink(folder.File("b.yaml"), "/dev/zero");
        Assert.Contains("only regular files are read", Assert.Throws<EvaluationException>(() => PolicyCases.Load(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_edit_adds_and_removes_phrases_and_categories_and_refuses_what_is_not_there()
    {
        SafetyPolicy policy = SafetyPolicy.Define("no-cats", "1")
            .Category("cats", category => category.Includes("cats", "kittens").Excludes("lions, tigers and other big cats", "stuffed toys in the shape of a cat"))
            .Build();
        PolicyEdit edit = new()
        {
            AddIncludes = new Dictionary<string, IReadOnlyList<string>> { ["cats"] = ["lynxes"], ["cups"] = ["cups"] },
            RemoveExcludes = new Dictionary<string, IReadOnlyList<string>> { ["cats"] = ["lions, tigers and other big cats"] },
        };
        SafetyPolicy changed = edit.Apply(policy);

        Assert.Equal(["cats", "kittens", "lynxes"], changed.Categories[0].Includes);
        Assert.Equal(["stuffed toys in the shape of a cat"], changed.Categories[0].Excludes);
        Assert.Equal("cups", changed.Categories[1].Id);
        Assert.Throws<PolicyException>(() => (edit with { RemoveExcludes = edit.AddIncludes }).Apply(policy));
        Assert.Throws<PolicyException>(() => new PolicyEdit { RemoveCategories = ["dogs"] }.Apply(policy));
    }
}
