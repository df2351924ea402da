using System.Collections.Concurrent;
using CsCheck;
using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Hosting;

/// <summary>One queue before the engines: who is judged, who waits, who is told that there are too many, and on whose threads.</summary>
public sealed class JudgingQueueTests
{
    private static CancellationToken Token => TestContext.Current.CancellationToken;

    private static SafetyPolicy Policy(Decision onFailure = Decision.Block) =>
        SafetyPolicy.Define("p", "1").Category("alpha", category => category.Includes("alpha things")).OnFailure(onFailure).Build();

    [Theory]
    [InlineData(Decision.Block)]
    [InlineData(Decision.Review)]
    [InlineData(Decision.Allow)]
    public async Task One_too_many_is_told_so_at_once_with_onFailure_and_when_to_try_again(Decision onFailure)
    {
        var gate = new GatedEngine();
        await using IImageGuardrail guardrail = Create(gate, builder => builder.UsePolicy(Policy(onFailure)).WithMaxWaiting(2));
        Task<GuardrailResult>[] taken = [.. Enumerable.Range(0, 3).Select(_ => guardrail.CheckAsync(Pictures.Gray(), Token))]; // one is judged, two wait
        await Eventually.True(() => gate.Entered == 1);

        Task<GuardrailResult> refused = guardrail.CheckAsync(Pictures.Gray(), Token);

        await Eventually.True(() => refused.IsCompleted);
        GuardrailResult result = await refused;
        Assert.Equal((onFailure, FailureReason.Busy), (result.Decision, result.Failure!.Reason));
        Assert.InRange(result.Failure.RetryAfter!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromHours(1));
        Assert.Equal(0, result.Failure.RetryAfter.Value.TotalSeconds % 1);
        gate.Open(10);
        Assert.All(await Task.WhenAll(taken), judged => Assert.Null(judged.Failure));
        Assert.Null((await guardrail.CheckAsync(Pictures.Gray(), Token)).Failure);
    }

    [Fact]
    public async Task Whoever_somebody_waits_for_goes_before_the_background_and_each_kind_in_order()
    {
        var gate = new GatedEngine();
        await using IImageGuardrail guardrail = Create(gate);
        var background = new AssessOptions { Priority = AssessPriority.Background };
        List<Task> checks = [guardrail.CheckAsync(Pictures.Gray(1, 1), Token)];
        await Eventually.True(() => gate.Entered == 1);
        checks.Add(guardrail.CheckAsync(Pictures.Gray(2, 1), background, Token));
        checks.Add(guardrail.CheckAsync(Pictures.Gray(3, 1), background, Token));
        checks.Add(guardrail.CheckAsync(Pictures.Gray(4, 1), Token));
        checks.Add(guardrail.CheckAsync(Pictures.Gray(5, 1), Token));

        gate.Open(10);
        await Task.WhenAll(checks);

        Assert.Equal([1, 4, 5, 2, 3], gate.Widths);
    }

    [Fact]
    public async Task A_stream_of_images_is_never_told_that_there_are_too_many()
    {
        await using IImageGuardrail guardrail = Create(ScriptedEngine.Scoring(_ => 0), builder => builder.WithMaxWaiting(0));

        List<GuardrailResult> results = await guardrail.CheckManyAsync(Enumerable.Range(0, 200).ToAsyncEnumerable().Select(_ => Pictures.Gray()), Token).ToListAsync(Token);

        Assert.All(results, result => Assert.Null(result.Failure));
        Assert.Equal(200, results.Count);
    }

    [Fact]
    public async Task Waiting_counts_for_the_time_out_and_not_for_decoding()
    {
        var clock = new ManualClock();
        var gate = new GatedEngine();
        await using IImageGuardrail guardrail = Create(gate, builder => builder.UseTimeProvider(clock).WithTimeout(TimeSpan.FromSeconds(5)));
        Task<GuardrailResult> first = guardrail.CheckAsync(Pictures.Gray(), new AssessOptions { Deadline = clock.GetUtcNow() + TimeSpan.FromSeconds(4) }, Token);
        await Eventually.True(() => gate.Entered == 1);
        Task<GuardrailResult> second = guardrail.CheckAsync(Pictures.Gray(), Token);

        clock.Advance(TimeSpan.FromSeconds(4));
        GuardrailResult late = await first; // at its own, nearer deadline
        clock.Advance(TimeSpan.FromSeconds(1));
        GuardrailResult waited = await second;

        Assert.Equal((FailureReason.TimedOut, 0, 4000), (late.Failure!.Reason, late.Provenance.Durations.QueueMilliseconds, late.Provenance.Durations.TotalMilliseconds));
        Assert.Equal((FailureReason.TimedOut, 5000, 0), (waited.Failure!.Reason, waited.Provenance.Durations.QueueMilliseconds, waited.Provenance.Durations.DecodeMilliseconds));
        Assert.Contains("5 s", waited.Failure.Message, StringComparison.Ordinal);
        gate.Open(10);
        await Eventually.True(() => gate.Left == 1); // the one left behind has given its turn back
        Assert.Null((await guardrail.CheckAsync(Pictures.Gray(), Token)).Failure);
    }

    [Fact]
    public async Task An_engine_knows_the_deadline_and_what_else_was_asked()
    {
        var clock = new ManualClock();
        AssessOptions? seen = null;
        var engine = new GatedEngine { OnOptions = options => seen = options };
        engine.Open(1);
        await using IImageGuardrail guardrail = Create(engine, builder => builder.UseTimeProvider(clock).WithTimeout(TimeSpan.FromSeconds(5)));

        await guardrail.CheckAsync(Pictures.Gray(), new AssessOptions { Reasons = false, Priority = AssessPriority.Background }, Token);

        Assert.Equal(new AssessOptions { Reasons = false, Priority = AssessPriority.Background, Deadline = clock.GetUtcNow() + TimeSpan.FromSeconds(5) }, seen);
    }

    [Fact]
    public async Task Images_that_are_too_large_together_are_decoded_one_after_the_other()
    {
        int now = 0, most = 0;
        var engine = new ScriptedEngine(async (policy, frames, _) =>
        {
            InterlockedMax(ref most, Interlocked.Increment(ref now));
            await Task.Delay(10, CancellationToken.None);
            Interlocked.Decrement(ref now);
            return [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
        });
        await using IImageGuardrail guardrail = Create(engine, builder => builder.WithMaxConcurrency(4).WithMaxDecodedBytes(5_000_000));

        Task<GuardrailResult>[] checks = [.. Enumerable.Range(0, 12).Select(i => guardrail.CheckAsync(Pictures.Gray(i % 4 == 3 ? 2000 : 1000, 1000), Token))]; // 4 MB each; one alone is over the limit
        Assert.All(await Task.WhenAll(checks), result => Assert.Null(result.Failure));
        Assert.Equal(1, most);

        most = 0;
        await Task.WhenAll(Enumerable.Range(0, 12).Select(_ => guardrail.CheckAsync(Pictures.Gray(), Token)));
        Assert.InRange(most, 2, 4);
    }

    [Fact]
    public async Task Decoding_and_judging_run_on_the_librarys_own_threads_and_the_caller_on_none_of_them()
    {
        var names = new ConcurrentBag<string?>();
        void Note() => names.Add(Thread.CurrentThread.IsThreadPoolThread ? "pool" : Thread.CurrentThread.Name);
        var engine = new ScriptedEngine(async (policy, frames, _) =>
        {
            Note();
            await Task.Delay(1, CancellationToken.None); // an engine of a stranger's that keeps its context
            Note();
            return [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
        });
        await using IImageGuardrail guardrail = Create(engine, builder => builder.WithMaxConcurrency(3).WithMaxWaiting(100).UseDecoder(new NotingDecoder(Note)));
        await Task.WhenAll(Enumerable.Range(0, 50).Select(async i =>
        {
            ImageSource image = i % 2 == 0 ? Photos.Coffee : ImageSource.FromStream(new SlowStream(await File.ReadAllBytesAsync(Photos.PathOf("coffee.png"), Token)));
            Assert.Null((await guardrail.CheckAsync(image, Token).ConfigureAwait(false)).Failure);
            Assert.DoesNotContain("SafeVision", Thread.CurrentThread.Name ?? "", StringComparison.Ordinal);
        }));

        Assert.Equal(150, names.Count);
        Assert.All(names, name => Assert.Matches("^SafeVision [123]$", name));
    }

    [Fact]
    public void Any_mixture_of_checks_cancellations_and_disposal_leaves_nobody_waiting() =>
        Gen.Select(Gen.Int[1, 3], Gen.Int[0, 4], Gen.Int[0, 5].Array[1, 30], Gen.Bool).SampleAsync(
            async (concurrency, waiting, kinds, disposesEarly) =>
            {
                int now = 0, most = 0;
                var engine = new ScriptedEngine(async (policy, frames, token) =>
                {
                    InterlockedMax(ref most, Interlocked.Increment(ref now));
                    try
                    {
                        await Task.Delay(frames[0].Width % 3, frames[0].Width == 5 ? CancellationToken.None : token);
                        return frames[0].Width == 4 ? throw new InvalidOperationException("broken") : [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
                    }
                    finally
                    {
                        Interlocked.Decrement(ref now);
                    }
                });
                IImageGuardrail guardrail = Create(engine, builder => builder.WithMaxConcurrency(concurrency).WithMaxWaiting(waiting));
                await guardrail.WarmUpAsync(CancellationToken.None);
                Task<GuardrailResult?>[] checks = [.. kinds.Select((kind, i) => CheckAsync(guardrail, kind, i))];
                if (!disposesEarly)
                {
                    await Task.WhenAll(checks).WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
                    bool serves = (await guardrail.CheckAsync(Pictures.Gray(), CancellationToken.None)).Decision == Decision.Allow;
                    Assert.True(serves, "It no longer judges.");
                }

                await guardrail.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
                GuardrailResult?[] results = await Task.WhenAll(checks).WaitAsync(TimeSpan.FromSeconds(20), CancellationToken.None);
                return most <= concurrency && now == 0 && engine.IsDisposed
                    && results.Zip(kinds).All(pair => pair.First is not { Decision: Decision.Allow } || pair.Second != 4);
            },
            iter: 60, threads: 2);

    private static async Task<GuardrailResult?> CheckAsync(IImageGuardrail guardrail, int kind, int i)
    {
        using var cancellation = new CancellationTokenSource();
        if (kind == 1)
        {
            cancellation.CancelAfter(i % 4);
        }

        try
        {
            return await Task.Run(() => guardrail.CheckAsync(Pictures.Gray(kind + 1, 1), new AssessOptions { Priority = (AssessPriority)(kind % 2) }, cancellation.Token), CancellationToken.None);
        }
        catch (Exception exception) when (exception is ObjectDisposedException || (exception is OperationCanceledException && cancellation.IsCancellationRequested))
        {
            return null;
        }
    }

    private static IImageGuardrail Create(IGuardrailEngine engine, Action<ImageGuardrailBuilder>? configure = null) => ImageGuardrail.Create(builder =>
    {
        builder.UsePolicy(Policy()).UseEngine(_ => engine).WithMaxConcurrency(1);
        configure?.Invoke(builder);
    });

    private static void InterlockedMax(ref int target, int value)
    {
        for (int seen = target; seen < value && Interlocked.CompareExchange(ref target, value, seen) != seen; seen = target)
        {
            // another thread was faster
        }
    }

    /// <summary>An engine that lets so many images pass as it is told.</summary>
    private sealed class GatedEngine : IGuardrailEngine
    {
        private readonly SemaphoreSlim _gate = new(0);
        private readonly ConcurrentQueue<int> _widths = [];
        private int _entered;
        private int _left;

        public int Entered => _entered;

        public int Left => _left;

        public IEnumerable<int> Widths => _widths;

        public Action<AssessOptions>? OnOptions { get; init; }

        public string Name => "gated";

        public void Open(int images) => _gate.Release(images);

        public ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken) => ValueTask.FromResult<ICompiledPolicy>(new Compiled(this, policy));

        public ValueTask DisposeAsync() => ValueTask.CompletedTask;

        private sealed class Compiled(GatedEngine engine, SafetyPolicy policy) : ICompiledPolicy
        {
            public IReadOnlyList<CategoryCoverage> Coverage => [.. policy.Categories.Select(category => new CategoryCoverage(category.Id, CoverageLevel.Full, []))];

            public IReadOnlyList<ModelProvenance> Models => [];

            public int ShortSide => 224;

            public async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
            {
                engine.OnOptions?.Invoke(options);
                engine._widths.Enqueue(frames[0].Width);
                Interlocked.Increment(ref engine._entered);
                await engine._gate.WaitAsync(CancellationToken.None);
                Interlocked.Increment(ref engine._left);
                return [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
            }

            public ValueTask DisposeAsync() => ValueTask.CompletedTask;
        }
    }

    private sealed class NotingDecoder(Action note) : IImageDecoder
    {
        private readonly SkiaImageDecoder _inner = new();

        public ValueTask<DecodedImage> DecodeAsync(ImageSource source, ImageDecodeOptions options, CancellationToken cancellationToken)
        {
            note();
            return _inner.DecodeAsync(source, options, cancellationToken);
        }
    }

    /// <summary>A stream whose every read ends on another thread.</summary>
    private sealed class SlowStream(byte[] bytes) : MemoryStream(bytes)
    {
        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return Read(buffer.Span);
        }
    }
}
