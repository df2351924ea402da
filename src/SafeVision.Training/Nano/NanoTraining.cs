using System.Globalization;
using SafeVision.Evaluation.Datasets;
using SafeVision.Evaluation.Symbols;
using SafeVision.Models;
using SafeVision.Training.Networks;
using SafeVision.Training.Objectives;
using SafeVision.Training.Optimisation;
using SafeVision.VisionLanguage.Tokenizers;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Nano;

/// <summary>How SafeVision-Nano is trained.</summary>
public sealed class NanoTrainingOptions
{
    /// <summary>The frozen tower: efficientnet-lite0 in float32.</summary>
    public required ModelPackage Tower { get; init; }

    /// <summary>What words mean: the taxonomy of SafeVision.Models.</summary>
    public required ModelPackage Taxonomy { get; init; }

    /// <summary>The folder of the checkpoint; the scenes and the state of the run lie in <c>work</c> under it, so that a stopped run goes on.</summary>
    public required string Folder { get; init; }

    /// <summary>Paths of icons.json files of @iconify-json packages, drawn from beside the sets of the library.</summary>
    public IReadOnlyList<string> IconSets { get; init; } = [];

    /// <summary>Scenes to draw; default 20,480.</summary>
    public int Scenes { get; init; } = 20_480;

    /// <summary>Steps in which the projections alone learn to name what is under each image token; default 2,500, of 64 scenes each.</summary>
    public int NamingSteps { get; init; } = 2_500;

    /// <summary>Steps in which the whole model learns to answer; default 4,800.</summary>
    public int Steps { get; init; } = 4_800;

    /// <summary>Scenes in a step; default 16.</summary>
    public int Batch { get; init; } = 16;

    /// <summary>Questions about each scene of a step; default 8.</summary>
    public int Questions { get; init; } = 8;

    /// <summary>The highest learning rate; default 1.5e-3.</summary>
    public double Rate { get; init; } = 1.5e-3;

    /// <summary>Whether matrices are multiplied in bfloat16; default true, of use where the processor has it.</summary>
    public bool UsesBFloat16 { get; init; } = true;

    /// <summary>Everything random follows from it; default 1.</summary>
    public int Seed { get; init; } = 1;
}

/// <summary>What a step of <see cref="NanoTraining"/> did.</summary>
/// <param name="Step">From 0.</param>
/// <param name="Loss">Of the step.</param>
/// <param name="Presence">The share of yes and no that were right, lately.</param>
/// <param name="Stage">0: the projections learn to name; 1: diverse questions; 2: policies have become the most of them.</param>
public sealed record NanoStep(int Step, double Loss, double Presence, int Stage);

/// <summary>
/// Trains SafeVision-Nano on drawn scenes: diverse questions at first, and policies once it can say what is there. A model of
/// this size that is asked about policies alone stays at chance.
/// </summary>
public sealed class NanoTraining : IDisposable
{
    /// <summary>The icon sets of the library that are drawn from; noto is kept for testing.</summary>
    public static IReadOnlyList<string> Sets { get; } = ["fluent-emoji-flat", "twemoji", "mdi", "game-icons", "healthicons"];

    private const double OwnShare = 0.5; // of all scenes those of the library's sets, where there are others
    private const double PresenceToGoOn = 0.85;
    private const int SaveEvery = 250;
    private const double SideLoss = 0.3;
    private const int NamingBatch = 64;
    private const double DropOut = 0.2;
    private const string Curriculum = "curriculum.txt";

    private readonly NanoTrainingOptions _options;
    private readonly NanoWords _words;
    private readonly TextTokenizer _tokenizer;
    private readonly TrainableNetwork _network;
    private readonly CellTower _tower;
    private readonly NanoQuestions _questions;
    private Random _random;
    private readonly TokenRow _beginning;
    private readonly long _padding;
    private readonly long _reason;
    private readonly long[] _naming;
    private readonly long[] _verdicts;
    private readonly long[] _flags;
    private double _presence = 0.5;
    private bool _isLate;

    private NanoTraining(NanoTrainingOptions options, NanoWords words)
    {
        (_options, _words, _random) = (options, words, new Random(options.Seed));
        _tokenizer = TextTokenizer.Open(options.Folder);
        _network = TrainableNetwork.Load(options.Folder);
        _network.Weights.Products = options.UsesBFloat16 ? ScalarType.BFloat16 : ScalarType.Float32;
        _tower = _network.Cells!;
        _questions = new NanoQuestions(words, _tokenizer, _random);
        _padding = _questions.Id("<|pad|>");
        _reason = _questions.Id(NanoCheckpoint.Reason);
        long image = _questions.Id("<|image|>");
        _beginning = new TokenRow([.. Enumerable.Repeat(image, NanoScenes.Cells)], [.. Enumerable.Repeat(SupervisedObjective.Ignored, NanoScenes.Cells)]);
        _naming = [.. words.Names.Select(name => (long)_questions.Id($" {NanoWords.Spelled(name)}")), _questions.Id(" nothing")];
        _verdicts = [.. NanoCheckpoint.CategoryMarks.Append(NanoCheckpoint.Safe).Select(mark => (long)_questions.Id(mark))];
        _flags = [_questions.Id(" no"), _questions.Id(" yes")];
    }

    /// <summary>The things that it can be asked about.</summary>
    public IReadOnlyList<string> Names => _words.Names;

    internal NanoWords Words => _words;

    internal TextTokenizer Tokenizer => _tokenizer;

    internal CellTower Tower => _tower;

    /// <summary>Opens a run: a new one, or where one was stopped.</summary>
    public static NanoTraining Open(NanoTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        NanoWords words = NanoWords.Read(DrawnTwice(), options.Taxonomy);
        if (!File.Exists(Path.Combine(options.Folder, "config.json")))
        {
            NanoCheckpoint.Write(options.Folder, words, options.Tower, options.Seed);
        }

        return new NanoTraining(options, words);
    }

    /// <summary>Draws the scenes that are not there yet.</summary>
    public void Draw(Action<int>? progress, CancellationToken cancellationToken) => Scenes(progress, cancellationToken);

    /// <summary>Trains to the end; the checkpoint is written every 250 steps and when it is stopped, so that a stopped run leaves a model and goes on.</summary>
    public void Run(Action<NanoStep>? progress, CancellationToken cancellationToken)
    {
        NanoScenes scenes = Scenes(null, cancellationToken);
        IReadOnlyDictionary<string, Tensor> trained = _network.Weights.Train(name => !name.StartsWith(CellTower.Prefix, StringComparison.Ordinal) && name is not (CellTower.Projector + "mean" or CellTower.Projector + "scale"));
        using var run = new TrainingRun(trained, new LearningRate(_options.Rate, Math.Max(1, Math.Min(300, _options.Steps / 20)), _options.Steps), new AdamWOptions { WeightDecay = 0.05, Beta2 = 0.98 });
        string state = Path.Combine(_options.Folder, "work", "state");
        if (File.Exists(Path.Combine(state, "run.json")))
        {
            run.Load(state);
            string[] parts = File.ReadAllText(Path.Combine(state, Curriculum)).Split(' ');
            (_presence, _isLate) = (double.Parse(parts[0], CultureInfo.InvariantCulture), parts[1] == "late");
        }
        else
        {
            Even(scenes);
            Name(scenes, trained, progress, cancellationToken);
        }

        while (run.Step < _options.Steps)
        {
            if (cancellationToken.IsCancellationRequested)
            {
                Save(run, state);
                cancellationToken.ThrowIfCancellationRequested();
            }

            StepRecord record = run.Take([() => Loss(scenes, run.Step)]);
            progress?.Invoke(new NanoStep(record.Step, record.Loss, _presence, _isLate ? 2 : 1));
            if (run.Step % SaveEvery == 0 || run.Step == _options.Steps)
            {
                Save(run, state);
            }
        }
    }

    /// <summary>Measures the model on drawings of an icon set.</summary>
    /// <param name="set">The prefix of a set of the library, such as <c>noto</c>, or the path of an icons.json.</param>
    /// <param name="count">How many scenes.</param>
    public NanoScore Measure(string set, int count)
    {
        bool isOwn = set.EndsWith(".json", StringComparison.Ordinal);
        SymbolSceneOptions options = new()
        {
            Seed = 1000 + _options.Seed,
            ImageSize = NanoScenes.ImageSize,
            Split = DatasetSplit.None,
            IconSet = isOwn ? set : null,
            Sets = isOwn ? [] : [set],
        };
        using var all = SymbolScenes.Create(options);
        options.Names = [.. all.Names.Intersect(Names)];
        using var scenes = SymbolScenes.Create(options);
        return NanoMeasurement.Measure(this, scenes, count, _options.Seed + 7);
    }

    /// <inheritdoc />
    public void Dispose() => _network.Dispose();

    /// <summary>The logits of what comes next after each question: [questions, vocabulary].</summary>
    /// <param name="cells">Of one scene: [1, cells, width].</param>
    /// <param name="open">The questions, up to there.</param>
    internal Tensor Next(Tensor cells, IReadOnlyList<TokenRow> open)
    {
        TokenBatch batch = TokenBatch.Share([(_beginning, open)], _padding, null);
        long[] last = new long[open.Count];
        for (int i = 0, at = NanoScenes.Cells; i < open.Count; i++)
        {
            last[i] = (at += open[i].Ids.Count) - 1;
        }

        return _network.Forward(batch, _tower.Project(cells))[0].index_select(0, tensor(last));
    }

    /// <summary>What one hand draws only is learnt as that hand's, so a name needs two sets.</summary>
    private static IReadOnlyList<string> DrawnTwice()
    {
        IReadOnlyList<string>[] drawn = [.. Sets.Select(set =>
        {
            using var scenes = SymbolScenes.Create(new SymbolSceneOptions { Split = DatasetSplit.None, Sets = [set] });
            return scenes.Names;
        })];
        return [.. drawn[0].Where(name => drawn.Count(names => names.Contains(name)) > 1)];
    }

    private void Save(TrainingRun run, string state)
    {
        _network.Weights.Save(_options.Folder);
        run.Save(state);
        File.WriteAllText(Path.Combine(state, Curriculum), string.Create(CultureInfo.InvariantCulture, $"{_presence} {(_isLate ? "late" : "early")}"));
        foreach (string old in Directory.EnumerateFiles(state, "step-*").Where(file => !file.EndsWith($"-{run.Step.ToString(CultureInfo.InvariantCulture)}.safetensors", StringComparison.Ordinal)))
        {
            File.Delete(old);
        }
    }

    private NanoScenes Scenes(Action<int>? progress, CancellationToken cancellationToken)
    {
        var sources = new List<SceneSource>();
        try
        {
            double own = _options.IconSets.Count == 0 ? 1 : OwnShare;
            sources.Add(new SceneSource(own, SymbolScenes.Create(new SymbolSceneOptions { Seed = _options.Seed, Split = DatasetSplit.None, Sets = Sets, Names = Names, ImageSize = NanoScenes.ImageSize })));
            foreach (string set in _options.IconSets)
            {
                using var all = SymbolScenes.Create(new SymbolSceneOptions { IconSet = set });
                sources.Add(new SceneSource((1 - own) / _options.IconSets.Count, SymbolScenes.Create(new SymbolSceneOptions { Seed = _options.Seed, IconSet = set, Names = [.. all.Names.Intersect(Names)], ImageSize = NanoScenes.ImageSize })));
            }

            return NanoScenes.Prepare(Path.Combine(_options.Folder, "work", "scenes"), _options.Scenes, Names, sources, _tower, _options.Seed, progress, cancellationToken);
        }
        finally
        {
            sources.ForEach(source => source.Scenes.Dispose());
        }
    }

    /// <summary>Brings each channel of the cells to mean 0 and deviation 1, by what a part of the scenes shows.</summary>
    private void Even(NanoScenes scenes)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();
        Tensor cells = scenes.Read([.. Enumerable.Range(0, Math.Min(512, scenes.Things.Count))]).flatten(0, 1);
        Tensor mean = cells.mean([0L]);
        _network.Weights.Add(CellTower.Projector + "mean", mean);
        _network.Weights.Add(CellTower.Projector + "scale", cells.Plus(mean.neg()).Squared().mean([0L]).Plus(1e-3).rsqrt());
    }

    /// <summary>Teaches the projections what is under each image token, in the words that the text model will read. A hundred times cheaper than to learn it from answers.</summary>
    private void Name(NanoScenes scenes, IReadOnlyDictionary<string, Tensor> trained, Action<NanoStep>? progress, CancellationToken cancellationToken)
    {
        var learning = trained.Where(entry => entry.Key.StartsWith(CellTower.Projector, StringComparison.Ordinal) || NetworkWeights.IsTable(entry.Key)).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
        using var run = new TrainingRun(learning, new LearningRate(2e-3, 100, _options.NamingSteps), new AdamWOptions { WeightDecay = 0.05, Beta2 = 0.98 });
        while (run.Step < _options.NamingSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            StepRecord record = run.Take([() =>
            {
                Begin(-1 - run.Step);
                int[] chosen = [.. Enumerable.Range(0, NamingBatch).Select(_ => _random.Next(scenes.Things.Count))];
                return NamingLoss(chosen, scenes, _tower.Describe(scenes.Read(chosen), DropOut));
            }]);
            progress?.Invoke(new NanoStep(record.Step, record.Loss, 0, 0));
        }
    }

    /// <summary>Everything random of a step follows from its number, so that a run that was stopped goes on as it would have.</summary>
    private void Begin(int step)
    {
        _questions.Random = _random = new Random(unchecked((_options.Seed * 1_000_003) + step));
        manual_seed(unchecked((_options.Seed * 1_000_003L) + step));
    }

    private Tensor Loss(NanoScenes scenes, int step)
    {
        Begin(step);
        _isLate |= _presence > PresenceToGoOn;
        _questions.HasGroups = _isLate;
        int[] chosen = [.. Enumerable.Range(0, _options.Batch).Select(_ => _random.Next(scenes.Things.Count))];
        TokenBatch batch = TokenBatch.Share([.. chosen.Select(scene => (_beginning, Ask(scenes.Things[scene])))], _padding, null);
        Tensor features = _tower.Describe(scenes.Read(chosen), DropOut), hidden = _network.Hidden(batch, _tower.Place(features));
        long next = batch.Labels.shape[1] - 1;
        Tensor all = batch.Labels.narrow(1, 1, next).flatten(), at = all.IsNot(SupervisedObjective.Ignored).nonzero().squeeze(1); // few tokens are learnt
        Tensor labels = all.index_select(0, at), logits = _network.Logits(hidden.narrow(1, 0, next).flatten(0, 1).index_select(0, at));
        Tensor weights = ones(labels.shape)
            .Plus(isin(labels, tensor(_verdicts)).to(ScalarType.Float32).Times(3)) // the slot
            .Plus(batch.Ids.narrow(1, 0, next).flatten().index_select(0, at).Is(_reason).to(ScalarType.Float32)); // the offender's name
        if (step % 10 == 0)
        {
            Watch(logits, labels);
        }

        Tensor losses = nn.functional.cross_entropy(logits, labels, reduction: nn.Reduction.None);
        return ((losses * weights).sum() / weights.sum()).Plus(NamingLoss(chosen, scenes, features).Times(SideLoss));
    }

    private List<TokenRow> Ask(IReadOnlyList<SceneThing> things)
    {
        var rows = new List<TokenRow>();
        while (rows.Count < _options.Questions)
        {
            rows.AddRange(_questions.Ask(Kind(), things));
        }

        return rows;
    }

    private NanoQuestionKind Kind()
    {
        // List, at, where, check, which; the rest are policies.
        ReadOnlySpan<double> shares = _isLate ? [0.04, 0.06, 0.08, 0.14, 0.03] : [0.12, 0.12, 0.13, 0.45, 0.08];
        double draw = _random.NextDouble();
        for (int i = 0; i < shares.Length; i++)
        {
            draw -= shares[i];
            if (draw < 0)
            {
                return (NanoQuestionKind)i;
            }
        }

        return NanoQuestionKind.Policy;
    }

    /// <summary>Follows how often yes and no are right.</summary>
    private void Watch(Tensor logits, Tensor labels)
    {
        using IDisposable still = no_grad();
        Tensor asked = isin(labels, tensor(_flags));
        Tensor pair = logits.detach().index_select(1, tensor(_flags)); // [tokens, no and yes]
        Tensor right = pair.argmax(1).eq(labels.Is(_flags[1]).to(ScalarType.Int64)) & asked;
        double count = asked.sum().ToInt64();
        if (count > 0)
        {
            _presence += 0.1 * ((right.sum().ToInt64() / count) - _presence);
        }
    }

    /// <summary>
    /// Each image token names what is under it, by the word embeddings that the text model reads: of what a cell shows only, for
    /// where it lies says nothing of it.
    /// </summary>
    private Tensor NamingLoss(int[] chosen, NanoScenes scenes, Tensor features)
    {
        const int Side = NanoScenes.Side;
        long[] truth = [.. chosen.SelectMany(scene => Enumerable.Range(0, NanoScenes.Cells).Select(cell => (long)Under(scenes.Things[scene], ((cell % Side) + 0.5) / Side, ((cell / Side) + 0.5) / Side)))];
        Tensor words = _network.Weights.Table("model.language_model.embed_tokens").index_select(0, tensor(_naming));
        return nn.functional.cross_entropy(nn.functional.linear(features.flatten(0, 1), words), tensor(truth));
    }

    private int Under(IReadOnlyList<SceneThing> things, double x, double y) =>
        things.Where(thing => x >= thing.Box[0] && x < thing.Box[2] && y >= thing.Box[1] && y < thing.Box[3])
            .MinBy(thing => (thing.Box[2] - thing.Box[0]) * (thing.Box[3] - thing.Box[1]))?.Name ?? _words.Names.Count;
}
