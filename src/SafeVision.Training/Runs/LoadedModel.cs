// Runs: a training run from TrainingOptions to a checkpoint. TrainingSession takes the steps, RunObjectives says what each learns, RunFolder
// saves states to go on from, SampleEncoder makes tokens of samples, PolicyJudge and VerdictMetrics measure, RunPage shows.

namespace SafeVision.Training.Runs;

/// <summary>A checkpoint that learns or is judged: network and encoder, with a token for each answer that the policy needs.</summary>
internal sealed class LoadedModel : IDisposable
{
    private const string PromptFile = "safevision-prompt.yaml";

    private LoadedModel(TrainableNetwork network, SampleEncoder encoder, IReadOnlyList<int> newTokens) => (Network, Encoder, NewTokens) = (network, encoder, newTokens);

    public TrainableNetwork Network { get; }
    public SampleEncoder Encoder { get; }

    /// <summary>The ids of tokens that the vocabulary got.</summary>
    public IReadOnlyList<int> NewTokens { get; }

    /// <summary>Opens a checkpoint that has all that it needs.</summary>
    public static Task<LoadedModel> OpenAsync(string checkpoint, TrainingOptions options, TrainingDataset dataset, SafetyPolicy? policy, CancellationToken cancellationToken) =>
        Task.Run(() => new LoadedModel(On(options, TrainableNetwork.Load(checkpoint)), Encode(checkpoint, options, dataset, policy), []), cancellationToken);

    /// <summary>Opens the model of a run as it is before training, with its files and new tokens written into a folder.</summary>
    public static async Task<LoadedModel> OpenUntouchedAsync(TrainingOptions options, TrainingDataset dataset, SafetyPolicy? policy, string folder, CancellationToken cancellationToken)
    {
        TrainableNetwork network = TrainableNetwork.Load(options.Model, shrinks: options.IsHalf && options.Adapter is not null);
        try
        {
            bool hasWording = File.Exists(Path.Combine(options.Model, PromptFile));
            IReadOnlyList<VocabularyAddition> added = CheckpointVocabulary.Copy(options.Model, folder, hasWording ? [] : Tokens(policy), network.Sizes.Vocabulary);
            if (added.Count > 0)
            {
                network.Weights.AddTokens([.. added.Select(token => new TokenStart(token.Id, token.Parts))]);
            }

            if (policy is not null && !hasWording && policy.Categories.Any(category => !HarmCategory.TryParse(category.Id, out _)))
            {
                await File.WriteAllTextAsync(Path.Combine(folder, PromptFile), PromptEncoder.WordingWith(policy.Categories.ToDictionary(category => category.Id, TokenOf)), cancellationToken).ConfigureAwait(false);
            }

            return new LoadedModel(On(options, network), Encode(folder, options, dataset, policy), [.. added.Select(token => token.Id)]);
        }
        catch
        {
            network.Dispose();
            throw;
        }
    }

    public bool IsJudged(TrainingSample sample) => Encoder.IsJudged(sample);

    /// <summary>Judges the samples that ask for a verdict.</summary>
    public async Task<IReadOnlyList<JudgedQuestion>> JudgeAsync(IReadOnlyList<TrainingSample> samples, string stage, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        var judge = new PolicyJudge(Network, Encoder);
        TrainingSample[] asked = [.. samples.Where(Encoder.IsJudged)];
        var judged = new List<JudgedQuestion>();
        foreach (TrainingSample sample in asked)
        {
            cancellationToken.ThrowIfCancellationRequested();
            judged.Add(judge.Judge((await Encoder.AskAsync(sample, VisionLanguageMode.Comprehension, cancellationToken).ConfigureAwait(false))!));
            progress?.Report(new TrainingProgress(stage, judged.Count, asked.Length));
        }

        return judged;
    }

    /// <summary>The same as numbers, with reasons looked at; null where no sample asks for a verdict.</summary>
    public async Task<VerdictMetrics?> MeasureAsync(IReadOnlyList<TrainingSample> samples, string stage, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        const int Reasons = 24;
        var things = new NamedThings();
        foreach (TrainingSample sample in samples)
        {
            things.Add(sample);
        }

        IReadOnlyList<JudgedQuestion> judged = await JudgeAsync(samples, stage, progress, cancellationToken).ConfigureAwait(false);
        var judge = new PolicyJudge(Network, Encoder);
        bool[] named = [.. judged.Where(answer => answer.IsRight && answer.Verdict > 0).Take(Reasons).Select(answer => things.Names(answer.Question.Sample.ImageHash, judge.Explain(answer.Question, answer.Verdict))).OfType<bool>()];
        return judged.Count == 0 ? null : VerdictMetrics.Of(judged, named.Length == 0 ? null : named.Count(names => names) / (double)named.Length);
    }

    public void Dispose() => Network.Dispose();

    private static TrainableNetwork On(TrainingOptions options, TrainableNetwork network)
    {
        network.Weights.MoveTo(options.Device == "cuda" ? CUDA : CPU);
        return network;
    }

    private static SampleEncoder Encode(string folder, TrainingOptions options, TrainingDataset dataset, SafetyPolicy? policy) =>
        new(PromptEncoder.Open(folder, options.MaximumTiles), dataset, policy, Path.GetFileName(options.Policy), options.WeighsOffender);

    /// <summary>The marks that the model must be able to answer with: nothing forbidden, a reason, and each category of the policy.</summary>
    private static List<NewToken> Tokens(SafetyPolicy? policy) =>
    [
        new NewToken("<|SAFE|>", "Safe"),
        new NewToken("<|REASON|>", "Reason"),
        .. (policy?.Categories.Select(category => new NewToken(TokenOf(category), category.Name)) ?? NewToken.SafeVision).Where(token => token.Content is not ("<|SAFE|>" or "<|REASON|>")),
    ];

    private static string TokenOf(SafetyCategory category) => HarmCategory.TryParse(category.Id, out HarmCategory? known) ? $"<|{known.Id}|>" : $"<|{category.Id}|>";
}
