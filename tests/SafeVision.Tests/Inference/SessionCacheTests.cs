using Microsoft.ML.OnnxRuntime;
using SafeVision.Inference;
using SafeVision.Models;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Inference;

public sealed class SessionCacheTests
{
    private static readonly ExecutionOptions s_cpu = new();

    /// <summary>A provider that is really the processor, so that the self-check of another provider can be watched.</summary>
    private static readonly ExecutionProvider s_other = new("other", "CPUExecutionProvider", "SafeVision.Other");

    [Fact]
    public async Task A_hundred_callers_load_a_model_once()
    {
        int loads = 0;
        using var cache = new SessionCache();
        ModelImage image = Image(() =>
        {
            Interlocked.Increment(ref loads);
            return TinyModel.Graph().ToArray();
        });

        ModelSession[] sessions = await Task.WhenAll(Enumerable.Range(0, 100).Select(_ => Task.Run(() => cache.GetAsync(image, s_cpu))));

        Assert.Equal(1, loads);
        Assert.All(sessions, session => Assert.Same(sessions[0], session));
        Assert.NotSame(sessions[0], await cache.GetAsync(image, new ExecutionOptions { Threads = 1 }));
    }

    [Fact]
    public async Task Caches_of_one_process_share_a_session_until_the_last_of_them_is_disposed()
    {
        int loads = 0;
        ModelImage image = Image(() =>
        {
            Interlocked.Increment(ref loads);
            return TinyModel.Graph().ToArray();
        });
        SessionCache first = new(), second = new();

        ModelSession session = await first.GetAsync(image, s_cpu);
        Assert.Same(session, await second.GetAsync(image, s_cpu));
        first.Dispose();
        first.Dispose();

        Assert.False(session.IsDisposed);
        second.Dispose();
        Assert.True(session.IsDisposed);
        using var third = new SessionCache();
        Assert.NotSame(session, await third.GetAsync(image, s_cpu));
        Assert.Equal(2, loads);
    }

    [Fact]
    public async Task A_file_that_was_altered_is_refused_even_where_the_model_is_loaded_already()
    {
        using TinyModel model = new(), altered = new();
        File.WriteAllText(altered.PathOf("model.onnx"), "another model");
        using SessionCache cache = new(), other = new();
        await cache.GetAsync(ModelPackage.Open(model.Folder).Image(null), s_cpu);

        ModelLoadException thrown = await Assert.ThrowsAsync<ModelLoadException>(() => other.GetAsync(ModelPackage.Open(altered.Folder).Image(null), s_cpu));

        Assert.Contains("model.onnx", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_failure_is_not_kept()
    {
        int loads = 0;
        using var cache = new SessionCache();
        ModelImage image = Image(() => ++loads == 1 ? throw new ModelLoadException("the share is away") : TinyModel.Graph().ToArray());

        await Assert.ThrowsAsync<ModelLoadException>(() => cache.GetAsync(image, s_cpu));

        Assert.NotNull(await cache.GetAsync(image, s_cpu));
    }

    [Fact]
    public async Task Cancelling_one_wait_does_not_cancel_the_others()
    {
        using var release = new ManualResetEventSlim();
        using var cancellation = new CancellationTokenSource();
        using var cache = new SessionCache();
        ModelImage image = Image(() =>
        {
            release.Wait(TimeSpan.FromSeconds(10), CancellationToken.None);
            return TinyModel.Graph().ToArray();
        });
        Task<ModelSession> impatient = cache.GetAsync(image, s_cpu, cancellation.Token);
        Task<ModelSession> patient = cache.GetAsync(image, s_cpu);

        await cancellation.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => impatient);
        release.Set();

        Assert.NotNull(await patient);
    }

    [Fact]
    public async Task A_session_that_is_ready_only_after_disposal_is_disposed_too()
    {
        using var release = new ManualResetEventSlim();
        var cache = new SessionCache();
        Task<ModelSession> late = cache.GetAsync(Image(() =>
        {
            release.Wait(TimeSpan.FromSeconds(10), CancellationToken.None);
            return TinyModel.Graph().ToArray();
        }), s_cpu);

        cache.Dispose();
        release.Set();

        ModelSession session = await late;
        await Eventually.True(() => session.IsDisposed);
        await Assert.ThrowsAsync<ObjectDisposedException>(() => cache.GetAsync(Image(() => []), s_cpu));
    }

    [Fact]
    public async Task A_required_provider_that_is_missing_names_the_package_to_add()
    {
        using var cache = new SessionCache();
        ExecutionProviderException thrown = await Assert.ThrowsAsync<ExecutionProviderException>(() => cache.GetAsync(
            Image(() => TinyModel.Graph().ToArray()), new ExecutionOptions { Providers = [ExecutionProvider.Cuda], Required = true }));

        Assert.Contains("SafeVision.Cuda", thrown.Message, StringComparison.Ordinal);
        Assert.Contains("tiny", thrown.Message, StringComparison.Ordinal);
        thrown = await Assert.ThrowsAsync<ExecutionProviderException>(() => cache.GetAsync(
            Image(() => TinyModel.Graph().ToArray()), new ExecutionOptions { Providers = [ExecutionProvider.Cuda, ExecutionProvider.DirectML] }));
        Assert.Contains("ExecutionProvider.Cpu", thrown.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_fallback_stands_in_the_results_provenance_and_in_the_log()
    {
        using var model = new TinyModel();
        var log = new RecordingLogger();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(Engines.TinyClassifierTests.Weapons).UseClassifier(model.Folder).UseLoggerFactory(log)
            .PreferExecutionProviders(ExecutionProvider.Cuda, ExecutionProvider.Cpu));

        GuardrailResult result = await guardrail.CheckAsync(TinyModel.Picture(255, 0, 0));

        Assert.Equal(Decision.Block, result.Decision);
        Assessments.ModelProvenance provenance = Assert.Single(result.Provenance.Models);
        Assert.Equal("cpu", provenance.Provider);
        Assert.Contains("SafeVision.Cuda", provenance.Fallback, StringComparison.Ordinal);
        Assert.Contains("tiny runs on cpu", Assert.Single(log.Entries, entry => entry.Level == Microsoft.Extensions.Logging.LogLevel.Warning).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_computes_as_the_processor_does_is_trusted()
    {
        using var model = new TinyModel();
        ModelPackage package = ModelPackage.Open(model.Folder);
        using var cache = new SessionCache();

        ModelSession session = await cache.GetAsync(package.Image(GoldenInput.ProbeOf(package.Manifest)), new ExecutionOptions { Providers = [s_other], Required = true });

        Assert.Equal(("other", false), (session.Provider.Selected.Name, session.Provider.IsFallback));
    }

    [Theory]
    [InlineData(1.05f)]
    [InlineData(-1f)]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public async Task A_provider_that_computes_otherwise_is_refused(float factor)
    {
        using var model = new TinyModel();
        ModelPackage package = ModelPackage.Open(model.Folder);
        Func<InferenceSession, float[]> sound = GoldenInput.ProbeOf(package.Manifest)!;
        int probes = 0;
        ModelImage image = package.Image(session => [.. sound(session).Select(value => ++probes > 3 ? value * factor : value)]); // the processor's three logits come first
        using var cache = new SessionCache();

        ExecutionProviderException thrown = await Assert.ThrowsAsync<ExecutionProviderException>(() => cache.GetAsync(image, new ExecutionOptions { Providers = [s_other], Required = true }));
        Assert.Contains("golden inputs", thrown.Message, StringComparison.Ordinal);

        probes = 0;
        ModelSession fallback = await cache.GetAsync(image, new ExecutionOptions { Providers = [s_other, ExecutionProvider.Cpu] });
        Assert.Equal(ExecutionProvider.Cpu, fallback.Provider.Selected);
        Assert.Contains("golden inputs", Assert.Single(fallback.Provider.Rejections), StringComparison.Ordinal);
    }

    /// <summary>A model that no other test has: sessions are the process's.</summary>
    private static ModelImage Image(Func<byte[]> bytes) => new() { Name = "tiny", Identity = Guid.NewGuid().ToString("N"), Bytes = bytes };
}
