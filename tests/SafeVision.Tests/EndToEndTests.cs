using System.Text.Json;
using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests;

/// <summary>The default models, real photographs, and policies that nobody trained for.</summary>
public sealed class EndToEndTests(DefaultGuardrail guardrail) : IClassFixture<DefaultGuardrail>
{
    private static readonly SafetyPolicy s_noCats = SafetyPolicy.FromFile(Repository.PathOf("samples/policies/no-cats.yaml"));

    [Fact]
    public async Task A_cat_is_blocked_where_cats_are_forbidden_and_allowed_once_they_are_not()
    {
        SafetyPolicy withDogs = s_noCats.With(DefaultGuardrail.Forbidding("dogs", "puppies").Categories[0]);

        Assert.Equal(Decision.Block, (await guardrail.CheckAsync(s_noCats, Photos.Cat)).Decision);
        Assert.Equal(Decision.Block, (await guardrail.CheckAsync(withDogs, Photos.Cat)).Decision);
        Assert.Equal(Decision.Allow, (await guardrail.CheckAsync(withDogs.Without("cats"), Photos.Cat)).Decision);
        Assert.Equal(Decision.Allow, (await guardrail.CheckAsync(s_noCats, Photos.Coffee)).Decision);
    }

    [Theory]
    [InlineData("coffee.png", "espresso coffee", "dogs")]
    [InlineData("camera.png", "tripods for cameras", "musical instruments")]
    [InlineData("china.jpg", "palaces, castles, churches and monasteries", "airplanes")]
    [InlineData("chelsea.png", "domestic cats", "birds")]
    public async Task The_words_of_the_policy_decide(string photo, string shown, string absent)
    {
        Assert.NotEqual(Decision.Allow, (await guardrail.CheckAsync(DefaultGuardrail.Forbidding(shown), Photos.Of(photo))).Decision);
        Assert.Equal(Decision.Allow, (await guardrail.CheckAsync(DefaultGuardrail.Forbidding(absent), Photos.Of(photo))).Decision);
    }

    [Fact]
    public async Task The_starter_policy_allows_every_sample_photograph_and_a_rocket_is_no_weapon()
    {
        foreach (string photo in Photos.Names)
        {
            GuardrailResult result = await guardrail.CheckAsync(SafetyPolicy.Starter, Photos.Of(photo));
            Assert.True(result.Decision == Decision.Allow, $"{photo}: {result.Explanation}");
            Assert.All(result.Findings, finding => Assert.Equal(Verdict.Safe, finding.Verdict));
        }
    }

    [Fact]
    public async Task The_reason_names_what_is_seen_how_surely_which_phrase_includes_it_and_where_it_is()
    {
        GuardrailResult result = await guardrail.CheckAsync(s_noCats, Photos.Cat);
        Finding finding = result.Primary!;

        Assert.Matches(@"^Looks like an? (Egyptian cat|tabby|tiger cat) \(\d+ %\)( or an? (Egyptian cat|tabby|tiger cat) \(\d+ %\))?, (a kind|kinds) of cat; the policy's 'cats' includes (it|them)\. It is strongest in the [a-z ]+\.$", finding.Reason);
        Assert.Contains(finding.Reason, result.Explanation, StringComparison.Ordinal);
        Assert.Matches(@"^Blocked: Cats scores [01]\.\d\d \(block from 0\.80\)\. Looks like", result.Explanation);
        LabelEvidence label = finding.Evidence.Labels[0];
        Assert.InRange(label.Share, 0.2, 1);
        Assert.Contains(label.Phrase, s_noCats.Categories[0].Includes);
        Assert.Equal(("kind of", "cat"), (label.Relation, label.Word));
        Assert.Matches("^imagenet:28[1-5] ", label.Label);
    }

    [Fact]
    public async Task The_heat_lies_on_the_cat_and_not_on_what_is_behind_it()
    {
        Evidence evidence = (await guardrail.CheckAsync(s_noCats, Photos.Cat)).Primary!.Evidence;
        HeatMap heat = Assert.IsType<HeatMap>(evidence.HeatMap);
        ImageBox box = Assert.Single(evidence.Boxes);

        Assert.True(box.X < 0.5 && box.Y < 0.5 && box.X + box.Width > 0.5 && box.Y + box.Height > 0.5, $"{box} misses the face in the middle.");
        Assert.Equal(1f, heat.Values.Max());
        Assert.True(Mean(heat, x => x is > 0.25 and < 0.7) > 1.5 * Mean(heat, x => x > 0.8), "The background to the right is as hot as the face.");

        static double Mean(HeatMap heat, Func<double, bool> column) => heat.Values
            .Where((_, i) => column(heat.Region.X + (heat.Region.Width * ((i % heat.Width) + 0.5) / heat.Width)))
            .Average();
    }

    [Fact]
    public async Task Findings_stand_in_the_policys_order_and_the_strictest_decides()
    {
        SafetyPolicy policy = SafetyPolicy.Define("order", "1")
            .Category("dogs", category => category.Includes("dogs"))
            .Category("cats", category => category.Includes("cats"))
            .Category(HarmCategory.Sexual)
            .Category("nonsense", category => category.Includes("the square root of a promise").WhenNotAssessed(Decision.Review))
            .Build();

        GuardrailResult result = await guardrail.CheckAsync(policy, Photos.Cat);

        Assert.Equal(["dogs", "cats", "Sexual", "nonsense"], result.Findings.Select(finding => finding.Category));
        Assert.Equal([Verdict.Safe, Verdict.Unsafe, Verdict.Safe, Verdict.NotAssessed], result.Findings.Select(finding => finding.Verdict));
        Assert.Equal(result.Findings.Min(finding => finding.Decision), result.Decision);
        Assert.Equal("cats", result.Primary!.Category);
        Assert.Same(result.Primary, result.Find("CATS"));
        Assert.Null(result.Find("birds"));
        Assert.Contains("Not assessed: nonsense.", result.Explanation, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_result_is_the_same_after_a_round_trip_through_json()
    {
        SafetyPolicy policy = s_noCats.With(DefaultGuardrail.Forbidding("the square root of a promise").Categories[0]);
        GuardrailResult result = await guardrail.CheckAsync(policy, Photos.Cat);

        string json = JsonSerializer.Serialize(result, GuardrailJson.Default.GuardrailResult);
        GuardrailResult read = JsonSerializer.Deserialize(json, GuardrailJson.Default.GuardrailResult)!;

        Assert.Equal(json, JsonSerializer.Serialize(read, GuardrailJson.Default.GuardrailResult));
        Assert.Equal(result.Decision, read.Decision);
        Assert.Equal(result.Findings[0].Score!.Value, read.Findings[0].Score!.Value, 1e-6);
        Assert.Null(read.Findings[1].Score);
        Assert.Equal(result.Findings[0].Evidence.HeatMap!.Values, read.Findings[0].Evidence.HeatMap!.Values);
        using JsonDocument document = JsonDocument.Parse(json);
        JsonElement findings = document.RootElement.GetProperty("findings");
        Assert.Equal("block", document.RootElement.GetProperty("decision").GetString());
        Assert.Equal(JsonValueKind.Null, findings[1].GetProperty("score").ValueKind);
        Assert.Equal("notAssessed", findings[1].GetProperty("verdict").GetString());
        Assert.False(document.RootElement.TryGetProperty("failure", out _));
    }

    [Fact]
    public async Task One_cat_among_frames_of_coffee_decides_and_is_named()
    {
        GuardrailResult result = await guardrail.CheckAsync(s_noCats, Photos.Animation("coffee.png", "coffee.png", "coffee.png", "chelsea.png", "coffee.png"));

        Assert.Equal(Decision.Block, result.Decision);
        Assert.Equal(3, result.Primary!.Frame);
        Assert.Contains("in frame 3", result.Explanation, StringComparison.Ordinal);
        Assert.Equal((5, 5), (result.Provenance.FrameCount, result.Provenance.FramesJudged));
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(8, 8)]
    [InlineData(300, 1)]
    public async Task Small_images_are_judged_and_not_skipped(int width, int height)
    {
        GuardrailResult result = await guardrail.CheckAsync(s_noCats, Photos.Shrunk("chelsea.png", width, height));

        Assert.Null(result.Failure);
        Assert.NotEqual(Verdict.NotAssessed, Assert.Single(result.Findings).Verdict);
        Assert.Equal(1, result.Provenance.FramesJudged);
    }

    [Fact]
    public async Task A_cat_that_lies_on_its_side_is_set_upright_first()
    {
        GuardrailResult upright = await guardrail.CheckAsync(s_noCats, Photos.Cat);
        GuardrailResult turned = await guardrail.CheckAsync(s_noCats, Photos.OnItsSide("chelsea.png"));

        Assert.Equal(Decision.Block, turned.Decision);
        Assert.Equal(upright.Findings[0].Score!.Value, turned.Findings[0].Score!.Value, 0.1);
    }
}
