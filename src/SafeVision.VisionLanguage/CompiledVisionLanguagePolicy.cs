using SafeVision.Assessments;
using SafeVision.Engines;
using SafeVision.Imaging;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.VisionLanguage;

/// <summary>A policy as a prompt for a vision-language model.</summary>
/// <remarks>Thread-safe: images judged at once share the model's runs. The model outlives the policy.</remarks>
public sealed class CompiledVisionLanguagePolicy : ICompiledPolicy
{
    private readonly SafetyPolicy _policy;
    private readonly VisionLanguageModel _model;
    private readonly CompiledProtocol _protocol;
    private readonly int? _cells;

    internal CompiledVisionLanguagePolicy(
        SafetyPolicy policy, VisionLanguageModel model, CompiledProtocol protocol, IReadOnlyList<ModelProvenance> models, VisionLanguageEngineOptions options)
    {
        (_policy, _model, _protocol, Models, _cells) = (policy, model, protocol, models, options.OcclusionCells);
        Coverage = protocol.Coverage;
        Prompts = [.. protocol.Prompts.Select(prompt => prompt.Text)];
        ShortSide = model.Profile.Images.ShortSide;
    }

    /// <inheritdoc />
    public IReadOnlyList<CategoryCoverage> Coverage { get; }

    /// <inheritdoc />
    public IReadOnlyList<ModelProvenance> Models { get; }

    /// <inheritdoc />
    public int ShortSide { get; }

    /// <inheritdoc />
    public IReadOnlyList<string> Prompts { get; }

    /// <inheritdoc />
    public async ValueTask<IReadOnlyList<FrameAssessment>> AssessAsync(IReadOnlyList<ImageFrame> frames, AssessOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(frames);
        ArgumentNullException.ThrowIfNull(options);
        var assessments = new FrameAssessment[frames.Count];
        for (int i = 0; i < assessments.Length; i++)
        {
            assessments[i] = await AssessAsync(frames[i], options, cancellationToken).ConfigureAwait(false);
        }

        return assessments;
    }

    private async ValueTask<FrameAssessment> AssessAsync(ImageFrame frame, AssessOptions options, CancellationToken cancellationToken)
    {
        var count = new TokenCount();
        var image = new PromptImage(_model, frame);
        IGuardModel model = new GuardModel(_model, image, count);
        GuardAnswer answer = await _protocol.JudgeAsync(options.Reasons ? model : new OcclusionMap.WordlessModel(model), options.OnReason, cancellationToken).ConfigureAwait(false);
        int highest = Highest(answer);
        HeatMap? map = _cells is { } cells && highest >= 0
            ? await new OcclusionMap(_model, _protocol, cells, count).ComputeAsync(image, highest, answer, cancellationToken).ConfigureAwait(false)
            : null;
        var report = new AnswerReport(_policy, Coverage, answer, highest, map);
        return new FrameAssessment(report.Assessments()) { Usage = count.Usage };
    }

    /// <summary>The category with the highest score; -1 where none was assessed.</summary>
    private static int Highest(GuardAnswer answer)
    {
        int highest = -1;
        for (int i = 0; i < answer.Categories.Count; i++)
        {
            if (answer.Categories[i] is { } category && (highest < 0 || category.Score > answer.Categories[highest]!.Value.Score))
            {
                highest = i;
            }
        }

        return highest;
    }

    /// <inheritdoc />
    public ValueTask DisposeAsync() => ValueTask.CompletedTask;
}

/// <summary>Adds up the tokens that an image's judgement took. Thread-safe.</summary>
internal sealed class TokenCount
{
    private int _prompt;
    private int _reused;
    private int _written;

    public TokenUsage Usage => new(_prompt, _reused, _written);

    public void Read(int tokens, int reused)
    {
        Interlocked.Add(ref _prompt, tokens);
        Interlocked.Add(ref _reused, reused);
    }

    public void Wrote(int tokens) => Interlocked.Add(ref _written, tokens);
}
