// SafeVision.VisionLanguage: the engine of models that read a policy. VisionLanguageEngine loads a VisionLanguageModel (VisionTower, GenerationSession) and
// compiles policies; PromptEncoder writes a prompt in the words of PromptWording. Families/ says what checkpoints are like, Protocols/ how guards
// are asked and read, Templates/ renders chat templates, Tokenizers/ makes tokens, Generation/ runs the decoder, Served/ asks guards elsewhere.

namespace SafeVision.VisionLanguage;

/// <summary>A policy as a prompt for a vision-language model.</summary>
/// <remarks>Thread-safe: images judged at once share the model's runs. The model outlives the policy.</remarks>
internal sealed class CompiledVisionLanguagePolicy : ICompiledPolicy
{
    private readonly SafetyPolicy _policy;
    private readonly VisionLanguageModel _model;
    private readonly CompiledProtocol _protocol;
    private readonly VisionLanguageEngineOptions _options;

    public CompiledVisionLanguagePolicy(
        SafetyPolicy policy, VisionLanguageModel model, CompiledProtocol protocol, IReadOnlyList<ModelProvenance> models, VisionLanguageEngineOptions options)
    {
        (_policy, _model, _protocol, Models, _options) = (policy, model, protocol, models, options);
        Coverage = protocol.Coverage;
        Prompts = [.. protocol.Prompts.Select(prompt => prompt.Text)];
        ShortSide = model.Profile.Images.ShortSide;
    }

    public IReadOnlyList<CategoryCoverage> Coverage { get; }
    public IReadOnlyList<ModelProvenance> Models { get; }
    public int ShortSide { get; }
    public IReadOnlyList<string> Prompts { get; }

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
        PromptImage? glance = !_options.LooksOnceFirst || _protocol.Thinks ? null : image.AtAGlance();
        GuardAnswer? answer = null;
        if (glance is not null)
        {
            GuardAnswer first = await JudgeAsync(glance, count, new AssessOptions { Reasons = false }, cancellationToken).ConfigureAwait(false);
            if (FirstLook.Settles(_policy, first))
            {
                image = glance;
                answer = options.Reasons && _options.Mode == VisionLanguageMode.Comprehension && first.Primary >= 0 ? null : first; // the reason is still to be written
            }
        }

        answer ??= await JudgeAsync(image, count, options, cancellationToken).ConfigureAwait(false);
        int highest = Highest(answer);
        HeatMap? map = _options.OcclusionCells is { } cells && highest >= 0
            ? await new OcclusionMap(_model, _protocol, cells, count).ComputeAsync(image, highest, answer, cancellationToken).ConfigureAwait(false)
            : null;
        var report = new AnswerReport(_policy, Coverage, answer, highest, map, isFirstLook: image == glance);
        return new FrameAssessment(report.Assessments()) { Usage = count.Usage };
    }

    private ValueTask<GuardAnswer> JudgeAsync(PromptImage image, TokenCount count, AssessOptions options, CancellationToken cancellationToken)
    {
        IGuardModel model = new GuardModel(_model, image, count);
        return _protocol.JudgeAsync(options.Reasons ? model : new OcclusionMap.WordlessModel(model), options.OnReason, cancellationToken);
    }

    /// <summary>The category with the highest score; -1 where none was assessed.</summary>
    private static int Highest(GuardAnswer answer)
    {
        (int Index, CategoryAnswer? Item)[] assessed = [.. answer.Categories.Index().Where(category => category.Item is not null)];
        return assessed.Length == 0 ? -1 : assessed.MaxBy(category => category.Item!.Value.Score).Index;
    }

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

/// <summary>A model's answer in the terms of the policy: one assessment for each category.</summary>
internal sealed class AnswerReport(SafetyPolicy policy, IReadOnlyList<CategoryCoverage> coverage, GuardAnswer answer, int highest, HeatMap? map, bool isFirstLook = false)
{
    private const int LongestReason = 1000;

    private readonly string? _words = Clean(answer.Reason) is { Length: > 0 } reason ? reason : null;

    /// <summary>Whether the scores are what words stand for, and no probabilities.</summary>
    public bool IsVerdict { get; init; }

    public CategoryAssessment[] Assessments()
    {
        if (answer.Categories.Count != policy.Categories.Count)
        {
            throw new InvalidOperationException($"The protocol answered {answer.Categories.Count} categories of {policy.Categories.Count}.");
        }

        var assessments = new CategoryAssessment[policy.Categories.Count];
        for (int i = 0; i < assessments.Length; i++)
        {
            string id = policy.Categories[i].Id;
            assessments[i] = answer.Categories[i] is { } category
                ? CategoryAssessment.Assessed(id, category.Score, coverage[i].Level, Reason(i, category), EvidenceFor(i, category))
                : CategoryAssessment.NotAssessed(id, "The model's protocol has no way to be asked about this category.");
        }

        return assessments;
    }

    private string Reason(int index, CategoryAnswer category)
    {
        string share = IsVerdict ? $"The served model says {(category.Score >= 1 ? "yes" : category.Score > 0 ? "perhaps" : "no")}, without a probability" : $"{(answer.IsAfterThought ? "After its reasoning the" : isFirstLook ? "At a first look the" : "The")} model gives it {Percent(category.Probability)}{(answer.Safe is { } safe ? $" and 'nothing forbidden' {Percent(safe)}" : "")}";
        string where = map is not null && index == highest ? $", mostly for {map.Where()}" : "";
        return WordsFor(index) is { } words ? $"{share}{where}: \"{words}\"" : $"{share}{where}.";
    }

    private Evidence EvidenceFor(int index, CategoryAnswer category) => new()
    {
        Probability = IsVerdict ? null : category.Probability,
        Margin = IsVerdict ? null : category.Probability - NextProbability(index, category),
        Words = WordsFor(index),
        HeatMap = index == highest ? map : null,
        Boxes = index == highest && map is not null ? [map.Box()] : [],
    };

    private string? WordsFor(int index) => index == answer.Primary ? _words : null;

    /// <summary>The likeliest of the other answers; where each category was a question of its own, that it does not apply.</summary>
    private double NextProbability(int index, CategoryAnswer category)
    {
        return answer.Safe is { } safe
            ? answer.Categories.Where((_, i) => i != index).Select(other => other?.Probability ?? 0).Append(safe).Max()
            : 1 - category.Probability;
    }

    /// <summary>A model writes what it likes; what reaches a log or a page is one line without control characters.</summary>
    private static string? Clean(string? reason)
    {
        if (reason is null)
        {
            return null;
        }

        string line = string.Join(' ', string.Concat(reason.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? ' ' : c))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestReason ? line : line[..(char.IsHighSurrogate(line[LongestReason - 1]) ? LongestReason - 1 : LongestReason)];
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} %");
}
