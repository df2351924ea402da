using SafeVision.Assessments;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Hosting;

/// <summary>Time-outs, changes of policy and disposal, in any order.</summary>
public sealed class GuardrailLifecycleTests
{
    private static ScriptedEngine Held(Task release) => new(async (policy, frames, _) =>
    {
        await release;
        return [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
    });

    private static SafetyPolicy Policy(string name) => SafetyPolicy.Define(name, "1").Category("alpha", category => category.Includes("alpha things")).Build();

    [Fact]
    public async Task What_outlives_its_time_is_bounded()
    {
        using var release = new SemaphoreSlim(0);
        int running = 0;
        var deaf = new ScriptedEngine(async (policy, frames, _) =>
        {
            Interlocked.Increment(ref running);
            await release.WaitAsync(CancellationToken.None);
            Interlocked.Decrement(ref running);
            return [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
        });
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(Policy("deaf")).UseEngine(_ => deaf).WithMaxConcurrency(2).WithTimeout(TimeSpan.FromMilliseconds(20)));

        for (int i = 0; i < 10; i++)
        {
            GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray());
            Assert.Equal((Decision.Block, FailureReason.TimedOut), (result.Decision, result.Failure!.Reason));
        }

        Assert.Equal(2, running);
        release.Release(100);
        await Eventually.True(() => running == 0);
        Assert.Equal(Decision.Allow, (await guardrail.CheckAsync(Pictures.Gray())).Decision);
    }

    [Fact]
    public async Task Every_image_is_judged_by_one_policy_or_the_other()
    {
        ScriptedEngine engine = ScriptedEngine.Scoring(_ => 0);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("p0")).UseEngine(_ => engine));
        Task<List<GuardrailResult>> checks = guardrail.CheckManyAsync(Enumerable.Repeat(0, 2000).ToAsyncEnumerable().Select(_ => Pictures.Gray())).ToListAsync().AsTask();
        for (int i = 1; !checks.IsCompleted; i++)
        {
            await guardrail.UpdatePolicyAsync(Policy($"p{i}"));
            await Task.Yield();
        }

        Assert.All(await checks, result =>
        {
            Assert.Equal(Decision.Allow, result.Decision);
            Assert.Equal(Policy(result.Provenance.Policy).ContentHash, result.Provenance.PolicyHash);
        });
        Assert.All(engine.Compiled.SkipLast(1), old => Assert.True(old.IsDisposed));
        Assert.False(engine.Compiled[^1].IsDisposed);
    }

    [Fact]
    public async Task A_policy_that_does_not_compile_leaves_the_old_one_in_force_and_says_why()
    {
        var engine = new ScriptedEngine((policy, frames, _) => ValueTask.FromResult<IReadOnlyList<FrameAssessment>>([.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))]))
        {
            OnCompile = policy => policy.Name == "bad" ? throw new ModelLoadException("no such model") : Task.CompletedTask,
        };
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("good")).UseEngine(_ => engine));

        await Assert.ThrowsAsync<ModelLoadException>(() => guardrail.UpdatePolicyAsync(Policy("bad")));

        Assert.Equal("no such model", guardrail.Status.PolicyUpdateError);
        Assert.Equal("good", (await guardrail.CheckAsync(Pictures.Gray())).Provenance.Policy);
        await guardrail.UpdatePolicyAsync(Policy("better"));
        Assert.Null(guardrail.Status.PolicyUpdateError);
        Assert.Equal("better", guardrail.Status.Policy.Name);
    }

    [Fact]
    public async Task Disposing_waits_for_images_in_flight_and_unloads_engine_last()
    {
        var release = new TaskCompletionSource();
        ScriptedEngine engine = Held(release.Task);
        IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine));
        Task<GuardrailResult> check = guardrail.CheckAsync(Pictures.Gray());
        await Eventually.True(() => engine.Compiled is [{ Calls: 1 }]);

        Task disposal = guardrail.DisposeAsync().AsTask();
        await Task.Delay(50);
        Assert.False(disposal.IsCompleted || engine.IsDisposed || engine.Compiled[0].IsDisposed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => guardrail.CheckAsync(Pictures.Gray()));
        await Assert.ThrowsAsync<ObjectDisposedException>(() => guardrail.UpdatePolicyAsync(Policy("q")));
        release.SetResult();

        Assert.Equal(Decision.Allow, (await check).Decision);
        await disposal;
        await guardrail.DisposeAsync();
        Assert.True(engine.IsDisposed && engine.Compiled[0].IsDisposed);
    }

    [Fact]
    public async Task Disposing_answers_those_that_wait_for_a_turn_with_the_policys_decision_and_judges_those_that_have_one()
    {
        var release = new TaskCompletionSource();
        ScriptedEngine engine = Held(release.Task);
        IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine).WithMaxConcurrency(1).WithMaxWaiting(50));
        Task<GuardrailResult> judged = guardrail.CheckAsync(Pictures.Gray());
        Task<GuardrailResult>[] waiting = [.. Enumerable.Range(0, 50).Select(i => guardrail.CheckAsync(Pictures.Gray(), new SafeVision.Engines.AssessOptions { Priority = i % 2 == 0 ? SafeVision.Engines.AssessPriority.Interactive : SafeVision.Engines.AssessPriority.Background }, default))];
        await Eventually.True(() => engine.Compiled is [{ Calls: 1 }]);

        Task disposal = guardrail.DisposeAsync().AsTask();

        Assert.All(await Task.WhenAll(waiting), result =>
        {
            Assert.Equal((Decision.Block, FailureReason.Busy), (result.Decision, result.Failure!.Reason));
            Assert.Contains("disposed", result.Failure.Message, StringComparison.Ordinal);
        });
        release.SetResult();
        Assert.Equal(Decision.Allow, (await judged).Decision);
        await disposal;
    }

    /// <summary>Kestrel breaks a connection off whose body is still being read when its handler has ended.</summary>
    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_stream_is_no_longer_read_once_the_answer_is_there_unless_it_ignores_its_token(bool isDeaf)
    {
        var stream = new StalledUpload(isDeaf);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(Policy("p")).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)).WithTimeout(TimeSpan.FromMilliseconds(100)));

        GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromStream(stream, leaveOpen: true));

        Assert.Equal(FailureReason.TimedOut, result.Failure!.Reason);
        Assert.Equal(isDeaf, stream.IsBeingRead);
        stream.End();
    }

    /// <summary>Nothing comes; a read that is cancelled takes a moment to end.</summary>
    private sealed class StalledUpload(bool isDeaf) : MemoryStream
    {
        private readonly TaskCompletionSource _end = new();
        private volatile bool _isBeingRead;

        public bool IsBeingRead => _isBeingRead;

        public override bool CanSeek => false;

        public void End() => _end.SetResult();

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            _isBeingRead = true;
            try
            {
                await _end.Task.WaitAsync(isDeaf ? default : cancellationToken);
                return 0;
            }
            catch (OperationCanceledException)
            {
                await Task.Delay(100, CancellationToken.None);
                throw;
            }
            finally
            {
                _isBeingRead = false;
            }
        }
    }

    [Fact]
    public async Task Disposing_while_a_policy_compiles_waits_for_it_and_puts_nothing_in_force()
    {
        var release = new TaskCompletionSource();
        var engine = new ScriptedEngine((_, _, _) => default) { OnCompile = _ => release.Task };
        IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine));
        Task<GuardrailStatus> warmUp = guardrail.WarmUpAsync();

        Task disposal = guardrail.DisposeAsync().AsTask();
        await Task.Delay(50);
        Assert.False(disposal.IsCompleted || engine.IsDisposed);
        release.SetResult();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => warmUp);
        await disposal;
        Assert.True(engine.IsDisposed);
        Assert.All(engine.Compiled, compiled => Assert.True(compiled.IsDisposed));
    }

    [Fact]
    public async Task Disposing_gives_up_on_an_engine_that_never_ends_and_says_so()
    {
        var clock = new ManualClock();
        var deaf = new ScriptedEngine((_, _, _) => new ValueTask<IReadOnlyList<FrameAssessment>>(new TaskCompletionSource<IReadOnlyList<FrameAssessment>>().Task));
        IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(Policy("p")).UseEngine(_ => deaf).UseTimeProvider(clock).WithTimeout(TimeSpan.FromSeconds(5)));
        Task<GuardrailResult> check = guardrail.CheckAsync(Pictures.Gray());
        await Eventually.True(() => deaf.Compiled is [{ Calls: 1 }]);
        clock.Advance(TimeSpan.FromSeconds(5));
        GuardrailResult result = await check;
        Assert.Equal(FailureReason.TimedOut, result.Failure!.Reason);
        Assert.Contains("5 s", result.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(5000, result.Provenance.Durations.TotalMilliseconds);

        Task disposal = guardrail.DisposeAsync().AsTask();
        await Eventually.True(() => clock.Timers > 0);
        clock.Advance(TimeSpan.FromSeconds(30));

        await Assert.ThrowsAsync<TimeoutException>(() => disposal);
        Assert.False(deaf.IsDisposed);
    }

    [Fact]
    public async Task A_cancelled_wait_for_the_first_compilation_harms_nobody_else()
    {
        var release = new TaskCompletionSource();
        var engine = new ScriptedEngine((policy, frames, _) => ValueTask.FromResult<IReadOnlyList<FrameAssessment>>([.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))]))
        {
            OnCompile = _ => release.Task,
        };
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine));
        using var cancellation = new CancellationTokenSource();
        Task<GuardrailResult>[] checks = [.. Enumerable.Range(0, 4).Select(_ => guardrail.CheckAsync(Pictures.Gray()))];
        Task<GuardrailResult> impatient = guardrail.CheckAsync(Pictures.Gray(), cancellation.Token);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient.WaitAsync(TimeSpan.FromSeconds(10)));
        release.SetResult();

        Assert.All(await Task.WhenAll(checks), result => Assert.Equal(Decision.Allow, result.Decision));
        Assert.Equal(1, engine.Compilations);
    }

    [Fact]
    public async Task A_check_leaves_no_timer_behind()
    {
        var clock = new ManualClock();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(Policy("p")).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)).UseTimeProvider(clock));
        for (int i = 0; i < 10; i++)
        {
            await guardrail.CheckAsync(i % 2 == 0 ? Pictures.Gray() : Pictures.Broken());
        }

        Assert.Equal(0, clock.Timers);
    }

    [Fact]
    public async Task Many_cancelled_checks_do_not_fail_the_next_one()
    {
        var engine = new ScriptedEngine(async (policy, frames, token) =>
        {
            await Task.Delay(20, CancellationToken.None); // ends a little after it was told to
            return [.. frames.Select(_ => ScriptedEngine.Frame(policy, _ => 0))];
        });
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine).WithMaxConcurrency(2));
        await guardrail.WarmUpAsync();
        for (int i = 0; i < 20; i++)
        {
            using var cancellation = new CancellationTokenSource();
            Task<GuardrailResult> abandoned = guardrail.CheckAsync(Pictures.Gray(), cancellation.Token);
            await Task.Yield();
            await cancellation.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => abandoned);
        }

        Assert.Equal(Decision.Allow, (await guardrail.CheckAsync(Pictures.Gray())).Decision);
    }

    [Fact]
    public async Task A_check_whose_token_is_cancelled_already_reads_nothing()
    {
        ScriptedEngine engine = ScriptedEngine.Scoring(_ => 0);
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(Policy("p")).UseEngine(_ => engine));
        var stream = new MemoryStream([1, 2, 3]);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => guardrail.CheckAsync(ImageSource.FromStream(stream), new CancellationToken(canceled: true)));

        Assert.Equal((0, 0), (stream.Position, engine.Compilations));
    }
}
