using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Policies;

namespace SafeVision.Tests.Fakes;

/// <summary>An engine that does what a test tells it to, so that every way of failing can be produced.</summary>
internal sealed class ScriptedEngine(Func<SafetyPolicy, IReadOnlyList<ImageFrame>, CancellationToken, ValueTask<IReadOnlyList<FrameAssessment>>> assess) : IGuardrailEngine
{
    public int Compilations { get; private set; }
    public List<ScriptedPolicy> Compiled { get; } = [];
    public Func<SafetyPolicy, Task>? OnCompile { get; init; }
    public Func<SafetyCategory, CoverageLevel> Covers { get; init; } = _ => CoverageLevel.Full;
    public bool IsDisposed { get; private set; }

    public string Name => "scripted";

    public static ScriptedEngine Scoring(Func<SafetyCategory, double> score, Func<SafetyCategory, CoverageLevel>? covers = null) =>
        new((policy, frames, _) => ValueTask.FromResult<IReadOnlyList<FrameAssessment>>([.. frames.Select(_ => Frame(policy, score, covers))]))
        {
            Covers = covers ?? (_ => CoverageLevel.Full),
        };

    public static FrameAssessment Frame(SafetyPolicy policy, Func<SafetyCategory, double> score, Func<SafetyCategory, CoverageLevel>? covers = null) =>
        new([.. policy.Categories.Select(category => CategoryAssessment.Assessed(
            category.Id, score(category), covers?.Invoke(category) ?? CoverageLevel.Full, "Scripted.", Evidence.None))]);

    public async ValueTask<ICompiledPolicy> CompileAsync(SafetyPolicy policy, CancellationToken cancellationToken)
    {
        Compilations++;
        if (OnCompile is not null)
        {
            await OnCompile(policy);
        }

        var compiled = new ScriptedPolicy(policy, this, assess);
        Compiled.Add(compiled);
        return compiled;
    }

    public ValueTask DisposeAsync()
    {
        IsDisposed = true;
        return ValueTask.CompletedTask;
    }

    internal sealed class ScriptedPolicy(
        SafetyPolicy policy, ScriptedEngine engine, Func<SafetyPolicy, IReadOnlyList<ImageFrame>, CancellationToken, ValueTask<IReadOnlyList<FrameAssessment>>> assess) : ICompiledPolicy
    {
        public bool IsDisposed { get; private set; }
        public int Calls { get; private set; }

        public IReadOnlyList<CategoryCoverage> Coverage =>
            [.. policy.Categories.Select(category => new CategoryCoverage(category.Id, engine.Covers(category), []))];

        public IReadOnlyList<ModelProvenance> Models => [new("scripted", "script", new string('0', 64), "cpu", null)];

        public int ShortSide => 224;

        public ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
        {
            Calls++;
            return assess(policy, frames, cancellationToken);
        }

        public ValueTask DisposeAsync()
        {
            IsDisposed = true;
            return ValueTask.CompletedTask;
        }
    }
}
