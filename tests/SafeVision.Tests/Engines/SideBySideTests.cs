using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Engines.Cascade;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Engines;

/// <summary>Two networks that judge different categories run at the same time.</summary>
public sealed class SideBySideTests
{
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private static readonly SafetyPolicy s_policy = SafetyPolicy.Define("test", "1")
        .Category("alpha", category => category.Includes("alpha things"))
        .Category("beta", category => category.Includes("beta things"))
        .Build();

    [Fact]
    public async Task Parts_that_are_asked_in_any_case_run_at_the_same_time()
    {
        using var met = new Barrier(2);
        await using CompiledCascade cascade = await CascadeAsync(Meeting("alpha", 0.9, met), Meeting("beta", 0.1, met));

        FrameAssessment said = Assert.Single(await cascade.AssessAsync([Frame()], AssessOptions.Default, CancellationToken.None));

        Assert.Equal([0.9, 0.1], said.Categories.Select(category => category.Score));
    }

    [Fact]
    public async Task A_part_that_the_first_may_make_unnecessary_waits_for_it()
    {
        ScriptedEngine second = ScriptedEngine.Scoring(_ => 0.5);
        await using CompiledCascade cascade = await CascadeAsync(ScriptedEngine.Scoring(_ => 0.1), second);

        await cascade.AssessAsync([Frame()], AssessOptions.Default, CancellationToken.None);

        Assert.Equal(0, second.Compiled[0].Calls);
    }

    [Fact]
    public async Task A_part_that_fails_beside_the_other_is_named_and_the_other_counts()
    {
        var broken = new ScriptedEngine((_, _, _) => throw new InvalidOperationException("no more memory")) { Covers = Only("beta") };
        await using CompiledCascade cascade = await CascadeAsync(ScriptedEngine.Scoring(_ => 0.9, Only("alpha")), broken);

        FrameAssessment said = Assert.Single(await cascade.AssessAsync([Frame()], AssessOptions.Default, CancellationToken.None));

        Assert.Equal(0.9, said.Categories[0].Score);
        Assert.Contains("no more memory", said.Categories[1].Failure, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cancelled_assessment_ends_only_when_no_part_reads_the_image_any_more()
    {
        using var cancel = new CancellationTokenSource();
        using var release = new ManualResetEventSlim();
        bool isReading = false;
        var reading = new ScriptedEngine((policy, frames, _) =>
        {
            isReading = true;
            cancel.Cancel();
            release.Wait(s_patience, CancellationToken.None);
            isReading = false;
            return ValueTask.FromResult<IReadOnlyList<FrameAssessment>>([ScriptedEngine.Frame(policy, _ => 0, Only("beta"))]);
        })
        { Covers = Only("beta") };
        var cancelled = new ScriptedEngine(async (_, _, token) =>
        {
            await Task.Delay(s_patience, token);
            return [];
        })
        { Covers = Only("alpha") };
        await using CompiledCascade cascade = await CascadeAsync(cancelled, reading);

        Task assessing = cascade.AssessAsync([Frame()], AssessOptions.Default, cancel.Token).AsTask();
        await Task.WhenAny(assessing, Task.Delay(200, CancellationToken.None));
        Assert.False(assessing.IsCompleted);
        release.Set();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => assessing);
        Assert.False(isReading);
    }

    private static ScriptedEngine Meeting(string category, double score, Barrier met) => new((policy, frames, cancellationToken) =>
    {
        Assert.True(met.SignalAndWait(s_patience, cancellationToken), "The other part did not run meanwhile.");
        return ValueTask.FromResult<IReadOnlyList<FrameAssessment>>([.. frames.Select(_ => ScriptedEngine.Frame(policy, any => score, Only(category)))]);
    })
    { Covers = Only(category) };

    private static Func<SafetyCategory, CoverageLevel> Only(string id) => category => category.Id == id ? CoverageLevel.Full : CoverageLevel.None;

    private static async Task<CompiledCascade> CascadeAsync(params ScriptedEngine[] engines)
    {
        var parts = new List<ICompiledPolicy>();
        foreach (ScriptedEngine engine in engines)
        {
            parts.Add(await engine.CompileAsync(s_policy, CancellationToken.None));
        }

        return new CompiledCascade(parts, new CascadeEngineOptions()) { SideBySide = true };
    }

    private static ImageFrame Frame() => new(0, TimeSpan.Zero, 1, 1, System.Buffers.MemoryPool<byte>.Shared.Rent(3));
}
