using SafeVision.Assessments;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;
using SafeVision.Tests.Imaging;

namespace SafeVision.Tests.Engines.Conformance;

/// <summary>What every engine promises, whatever its model says: the same tests run over each, unchanged.</summary>
public abstract class EngineConformance : IAsyncDisposable
{
    private const double Tolerance = 1e-5; // what was remembered, or computed beside others, may round otherwise

    private static readonly string[] s_photos = ["astronaut.png", "camera.png", "chelsea.png", "coffee.png"];

    private readonly SessionCache _sessions = new();

    /// <summary>A category that no classifier here covers, and two that some do; in few words, as the tiny models take no long prompts.</summary>
    protected static SafetyPolicy First { get; } = PolicyThat(Decision.Block, Decision.Review);

    /// <summary>Other categories in another order.</summary>
    protected static SafetyPolicy Second { get; } = SafetyPolicy.Define("second", "1")
        .Category(HarmCategory.Sexual.Definition.Customize(change => change.Includes("nudity").Excludes()))
        .Category("kettles", category => category.Protects("Nobody should see a pot.").Includes("kettles").Excludes("cups"))
        .Build();

    private protected static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Adds the engine under test.</summary>
    protected abstract ImageGuardrailBuilder Use(ImageGuardrailBuilder builder);

    [Fact]
    public async Task Coverage_is_stated_for_every_category_in_the_policys_order_and_results_keep_to_it()
    {
        foreach (SafetyPolicy policy in new[] { First, Second })
        {
            await using IImageGuardrail guardrail = Create(policy);
            GuardrailStatus status = await guardrail.WarmUpAsync(Token);
            GuardrailResult result = await guardrail.CheckAsync(Photos.Cat, Token);

            string[] ids = [.. policy.Categories.Select(category => category.Id)];
            Assert.Equal(ids, status.Coverage.Select(coverage => coverage.CategoryId));
            Assert.Equal(ids, result.Findings.Select(finding => finding.Category));
            Assert.Null(result.Failure);
            Assert.All(status.Coverage.Zip(result.Findings), pair =>
            {
                Assert.Equal(pair.First.Level == CoverageLevel.None, pair.Second.Verdict == Verdict.NotAssessed);
                Assert.Equal(pair.Second.Verdict == Verdict.NotAssessed, pair.Second.Coverage == CoverageLevel.None);
                Assert.Equal(pair.Second.Verdict == Verdict.NotAssessed, pair.Second.Score is null);
                Assert.NotEmpty(pair.Second.Reason);
            });
            Assert.NotEmpty(status.Models);
            Assert.All(status.Models, model => Assert.Matches("^[0-9a-f]{64}$", model.Sha256));
            Assert.Equal(status.Models, result.Provenance.Models);
        }
    }

    [Theory]
    [InlineData(Decision.Review)]
    [InlineData(Decision.Block)]
    public async Task What_is_not_assessed_is_never_safe(Decision whenNotAssessed)
    {
        SafetyPolicy policy = PolicyThat(Decision.Block, whenNotAssessed);
        await using IImageGuardrail guardrail = Create(policy);
        foreach (string photo in s_photos)
        {
            GuardrailResult result = await guardrail.CheckAsync(Photos.Of(photo), Token);
            Finding[] open = [.. result.Findings.Where(finding => finding.Verdict == Verdict.NotAssessed)];
            Assert.All(open, finding => Assert.Equal(whenNotAssessed, finding.Decision));
            Assert.True(open.Length == 0 || result.Decision != Decision.Allow);
        }
    }

    [Fact]
    public async Task Sixteen_pictures_at_once_are_judged_as_one_at_a_time()
    {
        await using IImageGuardrail guardrail = Create(First);
        await using IImageGuardrail busy = Create(First, ownSessions: true);
        var alone = new Dictionary<string, GuardrailResult>();
        foreach (string photo in s_photos)
        {
            alone[photo] = await guardrail.CheckAsync(Photos.Of(photo), Token);
        }

        string[] names = [.. Enumerable.Range(0, 16).Select(i => s_photos[i % s_photos.Length])];
        GuardrailResult[] together = await Task.WhenAll(names.Select(photo => Task.Run(() => busy.CheckAsync(Photos.Of(photo), Token))));

        Assert.All(names.Zip(together), pair => AssertSame(alone[pair.First], pair.Second));
    }

    [Fact]
    public async Task The_same_picture_twice_gives_the_same_result()
    {
        await using IImageGuardrail guardrail = Create(First);
        GuardrailResult first = await guardrail.CheckAsync(Photos.Cat, Token);
        await guardrail.CheckAsync(Photos.Coffee, Token);
        GuardrailResult again = await guardrail.CheckAsync(Photos.Cat, Token);

        AssertSame(first, again);
        Assert.Equal(first.Findings.Select(finding => finding.Evidence.Words), again.Findings.Select(finding => finding.Evidence.Words));
    }

    [Fact]
    public async Task A_stream_ends_with_the_result_of_a_check()
    {
        await using IImageGuardrail guardrail = Create(First);
        GuardrailResult expected = await guardrail.CheckAsync(Photos.Cat, Token);
        var updates = new List<GuardrailUpdate>();
        await foreach (GuardrailUpdate update in guardrail.CheckStreamingAsync(Photos.Cat, Token))
        {
            updates.Add(update);
        }

        AssertSame(expected, updates[^1].Result!);
        Assert.All(updates.SkipLast(1), update => Assert.True(update is { Reason: not null, Result: null }));
        Assert.Equal(expected.Findings.Any(finding => finding.Evidence.Words is not null), updates.Count > 1);

        await foreach (GuardrailUpdate update in guardrail.CheckStreamingAsync(Photos.Coffee, Token))
        {
            break; // whoever stops listening stops the work, and nothing else
        }

        AssertSame(expected, await guardrail.CheckAsync(Photos.Cat, Token));
    }

    [Fact]
    public async Task Cancelling_before_and_during_the_work_throws_and_leaves_the_engine_sound()
    {
        await using IImageGuardrail guardrail = Create(First);
        GuardrailResult before = await guardrail.CheckAsync(Photos.Cat, Token);
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => guardrail.CheckAsync(Photos.Cat, new CancellationToken(canceled: true)));

        using var stop = new CancellationTokenSource();
        await using IImageGuardrail stopped = Create(First, configure: builder => builder.UseDecoder(new ActingDecoder(stop.Cancel)));
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => stopped.CheckAsync(Photos.Cat, stop.Token));

        for (int i = 0; i < 30; i++)
        {
            using var cancel = new CancellationTokenSource();
            Task<GuardrailResult> check = guardrail.CheckAsync(Photos.Of(s_photos[i % s_photos.Length]), cancel.Token);
            await Task.Delay(i % 10, Token);
            await cancel.CancelAsync();
            Exception? exception = await Record.ExceptionAsync(() => check);
            Assert.True(exception is null or OperationCanceledException, $"{exception}");
        }

        AssertSame(before, await guardrail.CheckAsync(Photos.Cat, Token));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(5)]
    [InlineData(20)]
    public async Task Disposing_during_the_work_ends_in_results_or_disposed_exceptions_and_nothing_else(int milliseconds)
    {
        IImageGuardrail guardrail = Create(First, ownSessions: true);
        GuardrailResult sound = await guardrail.CheckAsync(Photos.Cat, Token);
        Task<GuardrailResult>[] checks = [.. Enumerable.Range(0, 8).Select(_ => Task.Run(() => guardrail.CheckAsync(Photos.Cat, Token)))];
        await Task.Delay(milliseconds, Token);
        await guardrail.DisposeAsync();

        foreach (Task<GuardrailResult> check in checks)
        {
            Exception? exception = await Record.ExceptionAsync(() => check);
            Assert.True(exception is null or ObjectDisposedException, $"{exception}");
            if (exception is null)
            {
                GuardrailResult result = await check;
                if (result.Failure is null)
                {
                    AssertSame(sound, result);
                }
                else
                {
                    Assert.Equal(First.OnFailure, result.Decision);
                }
            }
        }

        await Assert.ThrowsAsync<ObjectDisposedException>(() => guardrail.CheckAsync(Photos.Cat, Token));
    }

    [Theory]
    [InlineData(Decision.Review)]
    [InlineData(Decision.Block)]
    public async Task A_picture_that_takes_too_long_gets_what_the_policy_says_of_failures(Decision onFailure)
    {
        SafetyPolicy policy = PolicyThat(onFailure, Decision.Review);
        await using IImageGuardrail patient = Create(policy);
        GuardrailResult sound = await patient.CheckAsync(Photos.Cat, Token);
        foreach (int milliseconds in new[] { 1, 2, 5, 10, 20 })
        {
            await using IImageGuardrail hasty = Create(policy, configure: builder => builder.WithTimeout(TimeSpan.FromMilliseconds(milliseconds)));
            await hasty.WarmUpAsync(Token);
            GuardrailResult result = await hasty.CheckAsync(Photos.Cat, Token);
            if (result.Failure is { } failure)
            {
                Assert.Equal((FailureReason.TimedOut, onFailure, 0), (failure.Reason, result.Decision, result.Findings.Count));
            }
            else
            {
                AssertSame(sound, result);
            }
        }

        var clock = new ManualClock();
        await using IImageGuardrail late = Create(policy, configure: builder => builder.UseTimeProvider(clock).UseDecoder(new ActingDecoder(() => clock.Advance(TimeSpan.FromDays(1)))));
        GuardrailResult timedOut = await late.CheckAsync(Photos.Cat, Token);
        Assert.Equal((FailureReason.TimedOut, onFailure, 0), (timedOut.Failure!.Reason, timedOut.Decision, timedOut.Findings.Count));
    }

    [Fact]
    public async Task Hostile_files_are_failures_or_judged_whole()
    {
        await using IImageGuardrail guardrail = Create(First, configure: builder => builder.ConfigureImages(images => images.Limits.MaxPixels = 40_000_000));
        int refused = 0;
        foreach (string name in ImageFixtures.HostileNames)
        {
            GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(ImageFixtures.PathOf(name)), Token);
            if (result.Failure is { } failure)
            {
                Assert.True(failure.Reason != FailureReason.EngineError, $"{name}: {failure.Message}");
                Assert.Equal((Decision.Block, 0), (result.Decision, result.Findings.Count));
                refused++;
            }
            else
            {
                Assert.Equal(First.Categories.Select(category => category.Id), result.Findings.Select(finding => finding.Category));
            }
        }

        Assert.InRange(refused, 20, ImageFixtures.HostileNames.Count() - 5);
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 3000)]
    [InlineData(3000, 1)]
    [InlineData(2, 7)]
    public async Task Odd_sizes_are_judged(int width, int height)
    {
        await using IImageGuardrail guardrail = Create(First);

        GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray(width, height), Token);

        Assert.True(result.Failure is null, result.Failure?.Message);
        Assert.Equal(guardrail.Status.Coverage.Select(coverage => coverage.Level == CoverageLevel.None), result.Findings.Select(finding => finding.Verdict == Verdict.NotAssessed));
    }

    [Fact]
    public async Task Of_many_frames_the_worst_counts()
    {
        await using IImageGuardrail guardrail = Create(First);
        var singles = new List<GuardrailResult>();
        foreach (string photo in s_photos)
        {
            singles.Add(await guardrail.CheckAsync(Photos.Animation(photo), Token));
        }

        GuardrailResult all = await guardrail.CheckAsync(Photos.Animation([.. s_photos, .. s_photos]), Token);

        Assert.Null(all.Failure);
        Assert.Equal((8, 8), (all.Provenance.FrameCount, all.Provenance.FramesJudged));
        for (int i = 0; i < all.Findings.Count; i++)
        {
            Assert.Equal(singles.Max(single => single.Findings[i].Score) ?? -1, all.Findings[i].Score ?? -1, Tolerance);
        }
    }

    [Fact]
    public async Task A_policy_that_changes_under_load_never_judges_by_half()
    {
        await using IImageGuardrail guardrail = Create(First);
        GuardrailResult byFirst = await guardrail.CheckAsync(Photos.Cat, Token);
        await guardrail.UpdatePolicyAsync(Second, Token);
        GuardrailResult bySecond = await guardrail.CheckAsync(Photos.Cat, Token);

        using var stop = new CancellationTokenSource();
        Task<List<GuardrailResult>>[] load = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(async () =>
        {
            var results = new List<GuardrailResult>();
            while (!stop.IsCancellationRequested)
            {
                results.Add(await guardrail.CheckAsync(Photos.Cat, Token));
            }

            return results;
        }))];
        for (int i = 0; i < 10; i++)
        {
            await guardrail.UpdatePolicyAsync(i % 2 == 0 ? First : Second, Token);
            await Task.Delay(5, Token);
        }

        await stop.CancelAsync();
        GuardrailResult[] judged = [.. (await Task.WhenAll(load)).SelectMany(results => results)];
        Assert.All(judged, result =>
        {
            Assert.Null(result.Failure);
            AssertSame(result.Provenance.Policy == "first" ? byFirst : bySecond, result);
        });
    }

    private static SafetyPolicy PolicyThat(Decision onFailure, Decision whenNotAssessed) => SafetyPolicy.Define("first", "1")
        .Category(HarmCategory.Political.Definition.Customize(change => change.Includes(HarmCategory.Political.Definition.Includes[0]).Excludes()))
        .Category(HarmCategory.Weapons_Substance_Abuse.Definition.Customize(change => change.Includes("rifles").Excludes()))
        .Category(HarmCategory.Sexual.Definition.Customize(change => change.Includes("nudity").Excludes()))
        .OnFailure(onFailure)
        .WhenNotAssessed(whenNotAssessed)
        .Build();

    private IImageGuardrail Create(SafetyPolicy policy, bool ownSessions = false, Action<ImageGuardrailBuilder>? configure = null) => ImageGuardrail.Create(builder =>
    {
        // Far more than any picture takes, so that a busy machine is no failure.
        Use(builder.UsePolicy(policy).WithTimeout(TimeSpan.FromMinutes(5)).WithMaxConcurrency(16));
        if (!ownSessions)
        {
            builder.ShareSessions(_sessions);
        }

        configure?.Invoke(builder);
    });

    private static void AssertSame(GuardrailResult expected, GuardrailResult actual)
    {
        Assert.Null(actual.Failure);
        Assert.Equal(expected.Provenance.PolicyHash, actual.Provenance.PolicyHash);
        Assert.Equal(expected.Findings.Select(finding => finding.Category), actual.Findings.Select(finding => finding.Category));
        Assert.Equal(expected.Findings.Select(finding => finding.Score), actual.Findings.Select(finding => finding.Score), (left, right) => left == right || Math.Abs((left ?? -1) - (right ?? -1)) < Tolerance);
        Assert.Equal(expected.Decision, actual.Decision);
    }

    /// <summary>Does something just before it hands the picture over to the engine.</summary>
    private sealed class ActingDecoder(Action act) : IImageDecoder
    {
        private readonly SkiaImageDecoder _inner = new();

        public async ValueTask<DecodedImage> DecodeAsync(ImageSource source, ImageDecodeOptions options, CancellationToken cancellationToken)
        {
            DecodedImage image = await _inner.DecodeAsync(source, options, cancellationToken);
            act();
            return image;
        }
    }

    public virtual ValueTask DisposeAsync()
    {
        _sessions.Dispose();
        GC.SuppressFinalize(this);
        return ValueTask.CompletedTask;
    }
}

/// <summary>What engines that run models of their own promise beside it: those can be unloaded under them.</summary>
public abstract class LoadedEngineConformance : EngineConformance
{
    private static int s_ways;

    [Fact]
    public async Task Models_that_are_unloaded_under_a_guardrail_are_a_failure_and_no_crash()
    {
        // Sessions are shared by the whole process: a way of running that no other test asks for has its own, which ends with this cache.
        using var sessions = new SessionCache();
        double own = 0.01 + (Interlocked.Increment(ref s_ways) * 1e-6);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => Use(builder
            .UsePolicy(First).ShareSessions(sessions).ConfigureExecution(execution => execution.SelfCheckTolerance = own)));
        await guardrail.CheckAsync(Photos.Cat, Token);
        sessions.Dispose();

        GuardrailResult result = await guardrail.CheckAsync(Photos.Coffee, Token);

        Assert.Equal((First.OnFailure, FailureReason.EngineError), (result.Decision, result.Failure!.Reason));
    }
}
