using CsCheck;
using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Engines.Cascade;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

public sealed class CascadeEngineTests
{
    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("test", "1")
        .Category("alpha", category => category.Includes("alpha things"))
        .Category("beta", category => category.Includes("beta things"))
        .Build();

    private static readonly Gen<(CoverageLevel Level, double Score)> s_word =
        Gen.Select(Gen.Enum<CoverageLevel>(), Gen.OneOf(Gen.Double[0, 1], Gen.OneOf(0, 0.2, 0.8, 1)));

    [Fact]
    public void The_highest_sound_score_counts_and_nothing_lowers_what_an_engine_saw() =>
        Gen.Select(s_word, s_word).SampleAsync(async (first, second) =>
        {
            CategoryAssessment merged = await Assess(first, second);
            double[] sound = [.. new[] { first, second }.Where(word => word.Level != CoverageLevel.None).Select(word => word.Score)];
            bool settled = first.Level == CoverageLevel.Full && first.Score < 0.2;
            return sound.Length == 0 ? !merged.IsAssessed
                : settled ? merged.Score == first.Score
                : merged.Score >= Math.Min(sound.Max(), 0.8);
        }, iter: 2000, threads: 1);

    [Fact]
    public async Task A_later_engine_is_not_asked_about_what_is_settled_or_what_it_does_not_cover()
    {
        Assert.Equal(0, await CallsOfSecond((CoverageLevel.Full, 0.1), CoverageLevel.Full));
        Assert.Equal(0, await CallsOfSecond((CoverageLevel.Partial, 0.9), CoverageLevel.Full));
        Assert.Equal(0, await CallsOfSecond((CoverageLevel.Partial, 0.5), CoverageLevel.None));
        Assert.Equal(1, await CallsOfSecond((CoverageLevel.Partial, 0.1), CoverageLevel.Full));
        Assert.Equal(1, await CallsOfSecond((CoverageLevel.Full, 0.5), CoverageLevel.Full));
    }

    [Fact]
    public async Task An_engine_that_fails_on_what_it_covers_is_named_beside_what_the_other_said()
    {
        CategoryAssessment merged = await Assess((CoverageLevel.Partial, 0.05), (CoverageLevel.Full, double.NaN));

        Assert.Equal((0.05, CoverageLevel.Partial), (merged.Score, merged.Coverage));
        Assert.Contains("script failed", merged.Failure, StringComparison.Ordinal);
        Assert.Contains("NaN", merged.Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Where_every_engine_that_was_asked_fails_so_does_the_assessment() =>
        await Assert.ThrowsAsync<ArgumentOutOfRangeException>(() => Assess((CoverageLevel.Partial, double.NaN), (CoverageLevel.Full, 2)));

    [Fact]
    public async Task Engines_that_judge_other_categories_or_in_another_order_are_refused()
    {
        foreach (string[] ids in new string[][] { ["beta", "alpha"], ["alpha"], ["alpha", "beta", "gamma"], ["alpha", "alpha"], [] })
        {
            var rogue = new ScriptedEngine((_, frames, _) => ValueTask.FromResult<IReadOnlyList<FrameAssessment>>(
                [.. frames.Select(_ => new FrameAssessment([.. ids.Select(id => CategoryAssessment.Assessed(id, 0, CoverageLevel.Full, "", Evidence.None))]))]));
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
                .UsePolicy(s_policy).UseEngine(_ => ScriptedEngine.Scoring(_ => 0.5)).UseEngine(_ => rogue));

            GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());

            Assert.Equal(Decision.Block, result.Decision);
            Assert.All(result.Findings, finding => Assert.Contains("categories", finding.Failure, StringComparison.Ordinal));
        }
    }

    [Fact]
    public async Task When_one_engine_cannot_compile_what_others_compiled_is_disposed()
    {
        ScriptedEngine sound = ScriptedEngine.Scoring(_ => 0);
        var broken = new ScriptedEngine((_, _, _) => default) { OnCompile = _ => throw new ModelLoadException("gone") };
        await using var cascade = new CascadeEngine([sound, broken]);

        await Assert.ThrowsAsync<ModelLoadException>(async () => await cascade.CompileAsync(s_policy, CancellationToken.None));

        Assert.True(Assert.Single(sound.Compiled).IsDisposed);
    }

    private static async Task<CategoryAssessment> Assess((CoverageLevel Level, double Score) first, (CoverageLevel Level, double Score) second)
    {
        await using var cascade = new CascadeEngine([ScriptedEngine.Scoring(_ => first.Score, _ => first.Level), ScriptedEngine.Scoring(_ => second.Score, _ => second.Level)]);
        await using ICompiledPolicy compiled = await cascade.CompileAsync(s_policy, CancellationToken.None);
        return (await compiled.AssessAsync([Frame()], AssessOptions.Default, CancellationToken.None))[0].Categories[0];
    }

    private static async Task<int> CallsOfSecond((CoverageLevel Level, double Score) first, CoverageLevel second)
    {
        ScriptedEngine asked = ScriptedEngine.Scoring(_ => 0.5, _ => second);
        await using var cascade = new CascadeEngine([ScriptedEngine.Scoring(_ => first.Score, _ => first.Level), asked]);
        await using ICompiledPolicy compiled = await cascade.CompileAsync(s_policy, CancellationToken.None);
        await compiled.AssessAsync([Frame()], AssessOptions.Default, CancellationToken.None);
        return asked.Compiled[0].Calls;
    }

    private static ImageFrame Frame() => new(0, TimeSpan.Zero, 1, 1, System.Buffers.MemoryPool<byte>.Shared.Rent(3));
}
