using System.Text.Json.Nodes;
using CsCheck;
using SafeVision.Engines.ClosedSet;
using SafeVision.Models;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

/// <summary>What is seen by chance, by one view, by one of two networks, or faintly does not block.</summary>
public sealed class AgreementTests(DefaultGuardrail defaults) : IClassFixture<DefaultGuardrail>
{
    private static readonly SafetyPolicy s_reds = SafetyPolicy.Define("reds", "1").Category("reds", category => category.Includes("red")).Build();

    [Fact]
    public async Task A_score_counts_only_as_far_as_all_views_agree_where_the_model_says_so()
    {
        // Red at both sides, blue in the middle: the whole looks red, the middle does not.
        ImageSource sides = Image(100, 40, x => x is < 30 or >= 70);
        using var alone = new TinyModel();
        using var agreeing = new TinyModel(change: manifest => manifest["viewsMustAgree"] = true);

        Assert.Equal(Decision.Block, (await JudgeAsync(sides, alone)).Decision);
        Finding finding = (await JudgeAsync(sides, agreeing)).Findings[0];
        Assert.Equal(Decision.Allow, finding.Decision);
        Assert.InRange(finding.Score!.Value, 0, 0.05);
        Assert.Equal(Decision.Block, (await JudgeAsync(Image(100, 40, _ => true), agreeing)).Decision);
    }

    [Theory]
    [InlineData("blue", Decision.Review)]
    [InlineData("crimson", Decision.Block)]
    public async Task A_high_score_is_held_at_one_half_where_another_network_is_sure_of_something_else(string related, Decision expected)
    {
        using var asking = new TinyModel(change: manifest => manifest["secondOpinion"] = JsonNode.Parse($$"""{ "labelSet": "other", "related": ["{{related}}"] }"""));
        using var other = new TinyModel(change: manifest =>
        {
            (manifest["id"], manifest["labels"]) = ("other", new JsonArray("crimson", "green", "blue"));
            manifest.Remove("categories");
        });

        GuardrailResult result = await JudgeAsync(TinyModel.Picture(255, 0, 0), asking, other);

        Assert.Equal(expected, result.Decision);
        Assert.Equal(expected == Decision.Review, result.Findings[0].Reason.Contains("another model is sure of something else, a crimson (100 %)", StringComparison.Ordinal));
    }

    [Fact]
    public void Whatever_the_calibration_a_faint_mass_is_never_worth_more_than_itself_and_more_mass_never_less() =>
        Gen.Select(Gen.Double[0.01, 50], Gen.Double[1e-6, 1 - 1e-6], Gen.Double[0, 1], Gen.Double[0, 1]).Sample((slope, midpoint, one, another) =>
        {
            var calibration = new ScoreCalibration(slope, midpoint);
            (double less, double more) = (Math.Min(one, another), Math.Max(one, another));
            return (less >= ScoreCalibration.FaintMass || calibration.Score(less) <= less) && calibration.Score(less) <= calibration.Score(more) + 1e-12;
        });

    [Fact]
    public async Task Nothing_that_is_seen_with_less_than_a_fifth_of_the_mass_blocks()
    {
        SafetyPolicy policy = new[] { "animals", "cats", "dogs", "vehicles", "weapons", "food", "drinks", "clothing", "furniture", "musical instruments", "plants" }
            .Aggregate(SafetyPolicy.Define("many", "1"), (builder, word) => builder.Category(word.Replace(' ', '-'), category => category.Includes(word)))
            .Category(HarmCategory.Sexual).Build();
        foreach (string photo in Photos.Names)
        {
            foreach (Finding finding in (await defaults.CheckAsync(policy, Photos.Of(photo))).Findings.Where(finding => finding.Verdict != Verdict.NotAssessed))
            {
                Assert.NotNull(finding.Evidence.Probability);
                Assert.True(finding.Decision != Decision.Block || finding.Evidence.Probability >= 0.2, $"{photo}: {finding.Reason}");
                Assert.True(finding.Score < 0.8 || finding.Evidence.Probability >= 0.5, $"{photo}: {finding.Score} of {finding.Evidence.Probability}");
            }
        }
    }

    [Fact]
    public async Task A_photograph_is_not_said_to_look_like_an_ordinary_drawing()
    {
        SafetyPolicy policy = SafetyPolicy.Define("sexual", "1").Category(HarmCategory.Sexual).Build();
        foreach (string photo in Photos.Names)
        {
            Finding finding = Assert.Single((await defaults.CheckAsync(policy, Photos.Of(photo))).Findings);
            Assert.DoesNotContain("ordinary drawing", finding.Reason, StringComparison.OrdinalIgnoreCase);
            Assert.Equal(Decision.Allow, finding.Decision);
        }
    }

    private static async Task<GuardrailResult> JudgeAsync(ImageSource image, params TinyModel[] models)
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(s_reds).UseEngine(context =>
            new ClassifierEngine([.. models.Select(model => ModelPackage.Open(model.Folder))], null, new ClassifierEngineOptions(), context)));
        return await guardrail.CheckAsync(image);
    }

    private static ImageSource Image(int width, int height, Func<int, bool> isRed) => ImageSource.FromPixels(
        Enumerable.Range(0, width * height).SelectMany(pixel => isRed(pixel % width) ? new byte[] { 255, 0, 0 } : [0, 0, 255]).ToArray(),
        width, height, SafeVision.Imaging.PixelFormat.Rgb24);
}
