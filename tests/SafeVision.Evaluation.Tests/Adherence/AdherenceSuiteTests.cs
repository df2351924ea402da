using SafeVision.Evaluation.Adherence;
using SafeVision.Evaluation.Datasets;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Tests.Adherence;

public sealed class AdherenceSuiteTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private static EvaluationDataset Photos(params (string File, string Thing, string Category)[] photos) => new()
    {
        Name = "photos",
        Hash = "00",
        Folder = Repository.Fixture("photos"),
        Categories = ["cats", "drinks"],
        Samples =
        [
            .. photos.Select(photo => new EvaluationSample
            {
                Id = photo.File,
                Image = photo.File,
                Labels = [photo.Category],
                Objects = [new SampleObject(photo.Thing, Assessments.ImageBox.Whole, [photo.Category])],
            }),
        ],
    };

    [Fact]
    public async Task The_default_models_follow_clauses_about_what_they_know_and_end_with_the_policy_they_had()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(DefaultGuardrail.Policy).UseDefaultModels());
        EvaluationDataset photos = Photos(("chelsea.png", "cat", "cats"), ("coffee.png", "espresso", "drinks"));

        AdherenceResult result = await AdherenceSuite.RunAsync(guardrail, DefaultGuardrail.Policy, photos, cancellationToken: Cancellation);

        Assert.Equal(DefaultGuardrail.Policy, guardrail.Status.Policy);
        Assert.All(
            result.Cases.Where(one => one.Kind is AdherenceKind.ClauseAdded or AdherenceKind.NovelCategory or AdherenceKind.Reordered),
            one => Assert.True(one.Followed, $"{one}"));
        Assert.Contains(result.Cases, one => one is { Kind: AdherenceKind.ClauseAdded, Category: "forbidden", Sample: "chelsea.png" });
        Assert.Contains(result.Cases, one => one is { Kind: AdherenceKind.NovelCategory, Sample: "coffee.png" });
        Assert.Contains(result.Cases, one => one is { Kind: AdherenceKind.ExcludeAdded, Category: "cats", Sample: "chelsea.png", Before: Verdict.Unsafe });
        Assert.Equal(1, Assert.Single(result.Metrics, metric => metric is { Name: "flipRate", Detail: "clauseAdded" }).Value);
        Assert.Equal(5, Assert.Single(result.Metrics, metric => metric is { Name: "flipRate", Detail: null }).Support); // nothing spares a drink that no category forbids
        Assert.Equal(4, result.Cases.Count(one => one.Kind is AdherenceKind.Reordered));
    }

    [Fact]
    public void Rewording_changes_every_phrase_and_nothing_else_and_is_the_same_each_time()
    {
        SafetyPolicy policy = SafetyPolicy.Define("p", "1")
            .Category("guns", category => category.Includes("firearms", "parts of firearms").Excludes("toys").ReviewAt(0.2).BlockAt(0.4))
            .Category(HarmCategory.Sexual)
            .Build();
        SafetyPolicy reworded = PolicyRewording.Paraphrase(policy, 7);

        Assert.Equal(reworded, PolicyRewording.Paraphrase(policy, 7));
        Assert.NotEqual(reworded, PolicyRewording.Paraphrase(policy, 8));
        foreach ((SafetyCategory before, SafetyCategory after) in policy.Categories.Zip(reworded.Categories))
        {
            Assert.Equal((before.Id, before.ReviewAt, before.BlockAt, before.Includes.Count), (after.Id, after.ReviewAt, after.BlockAt, after.Includes.Count));
            Assert.DoesNotContain(after.Includes.Concat(after.Excludes), before.Includes.Concat(before.Excludes).Contains);
        }
    }

    [Fact]
    public void Reordering_and_renaming_keep_every_phrase_and_threshold()
    {
        SafetyPolicy policy = SafetyPolicy.Define("p", "1").OnFailure(Decision.Review).Category(HarmCategory.Sexual).Category(HarmCategory.Self_Harm).Category(HarmCategory.Political).Build();
        SafetyPolicy reordered = PolicyRewording.Reorder(policy, 3);
        (SafetyPolicy renamed, IReadOnlyList<(string Before, string After)> ids) = PolicyRewording.Rename(policy);

        Assert.NotEqual(policy.ContentHash, reordered.ContentHash);
        Assert.Equal(Decision.Review, reordered.OnFailure);
        foreach (SafetyCategory category in policy.Categories)
        {
            Assert.True(reordered.TryGetCategory(category.Id, out SafetyCategory? moved));
            Assert.Equal(category.Includes.Order(), moved.Includes.Order());
            Assert.True(renamed.TryGetCategory(ids.Single(pair => pair.Before == category.Id).After, out SafetyCategory? called));
            Assert.Equal((category.Protects, category.ReviewAt), (called.Protects, called.ReviewAt));
            Assert.Equal(category.Includes, called.Includes);
        }
    }
}
