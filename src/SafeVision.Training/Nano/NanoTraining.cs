namespace SafeVision.Training.Nano;

/// <summary>How SafeVision-Nano is trained.</summary>
public sealed class NanoTrainingOptions
{
    /// <summary>The tower to begin with: efficientnet-lite0 in float32.</summary>
    public required ModelPackage Tower { get; init; }

    /// <summary>What words mean: the taxonomy of SafeVision.Models.</summary>
    public required ModelPackage Taxonomy { get; init; }

    /// <summary>The folder of the checkpoint; the scenes and the state of the run lie in <c>work</c> under it, so that a stopped run goes on.</summary>
    public required string Folder { get; init; }

    /// <summary>Paths of icons.json files of @iconify-json packages, drawn from beside the sets of the library.</summary>
    public IReadOnlyList<string> IconSets { get; init; } = [];

    /// <summary>Scenes to draw; default 16,384.</summary>
    public int Scenes { get; init; } = 16_384;

    /// <summary>Steps in which the tower learns from photographs' things to drawn ones; default 2,600, of 32 small squares each.</summary>
    public int TowerSteps { get; init; } = 2_600;

    /// <summary>Steps in which the projections alone learn to name what is under each image token; default 1,500, of 64 scenes each.</summary>
    public int NamingSteps { get; init; } = 1_500;

    /// <summary>Steps in which the whole model learns to answer; default 4,000.</summary>
    public int Steps { get; init; } = 4_000;

    /// <summary>Scenes, drawn by a hand that nothing was trained on, that tell how sure it may be; default 300.</summary>
    public int TemperingScenes { get; init; } = 300;

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
/// <param name="Stage">0: the tower or the projections learn to name; 1: diverse questions; 2: policies have become the most of them.</param>
public sealed record NanoStep(int Step, double Loss, double Presence, int Stage);

/// <summary>Trains SafeVision-Nano on drawn scenes: diverse questions at first, and policies once it can say what is
/// there. A model of this size that is asked about policies alone stays at chance.</summary>
public sealed class NanoTraining : IDisposable
{
    /// <summary>The icon sets of the library that are drawn from; noto is kept for testing, and to say how sure the model may be.</summary>
    public static IReadOnlyList<string> Sets { get; } = ["fluent-emoji-flat", "twemoji", "mdi", "game-icons", "healthicons"];

    private const double OwnShare = 0.5; // of all scenes those of the library's sets, where there are others
    private const double PresenceToGoOn = 0.85;
    private const int SaveEvery = 250;
    private const double SideLoss = 0.3;
    private const string Unknown = "noto"; // the hand that tells how sure to be of hands that it was not trained on
    private const double SafeStart = 0.75; // a wrong "unsafe", which brings a wrong reason with it, counts as two missed ones (e^0.75)
    private const double Ridge = 1e-3;
    private const string FinalNorm = "model.language_model.norm.weight";
    private const string WordTable = "model.language_model.embed_tokens.weight";
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
    private readonly NanoNaming _naming;
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
        _naming = new NanoNaming(_network.Weights, _tower, [.. words.Names.Select(name => (long)_questions.Id($" {NanoWords.Spelled(name)}")), _questions.Id(" nothing")], options);
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

    /// <summary>Teaches the tower drawn things, if that was not done; a run that was stopped goes on.</summary>
    public void TuneTower(Action<NanoStep>? progress, CancellationToken cancellationToken)
    {
        string work = Path.Combine(_options.Folder, "work"), scenes = Path.Combine(work, "scenes");
        if (Directory.Exists(scenes))
        {
            return; // they hold what the tower sees, so it has learnt
        }

        int seed = _options.Seed + 1;
        DrawFrom(seed, sources =>
        {
            _naming.TuneTower(Path.Combine(work, "tower"), new NanoCrops(sources, _words.NumberOf, seed), progress, cancellationToken);
            return true;
        });
        Directory.CreateDirectory(scenes);
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
            _naming.Learn(scenes, trained, progress, cancellationToken);
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

        Settle(); // not part of the state: a run that is opened again at its end comes here once more
    }

    /// <summary>Measures the model on drawings of an icon set.</summary>
    /// <param name="set">The prefix of a set of the library, such as <c>noto</c>, or the path of an icons.json.</param>
    /// <param name="count">How many scenes.</param>
    public NanoScore Measure(string set, int count)
    {
        using SymbolScenes scenes = Known(set, 1000 + _options.Seed);
        return NanoMeasurement.Measure(this, scenes, count, _options.Seed + 7);
    }

    /// <summary>Makes the model as sure as it is right about drawings of hands that it does not know, and has it say "unsafe" where that is likelier by far only.</summary>
    private void Settle()
    {
        using SymbolScenes scenes = Known(Unknown, 2000 + _options.Seed);
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();
        NanoVerdicts verdicts = NanoVerdicts.Ask(this, scenes, _options.TemperingScenes, _options.Seed + 8);
        Temper(verdicts);
        PreferSafe(verdicts.Hidden);
        Temper(verdicts);
        _network.Weights.Save(_options.Folder);
    }

    /// <summary>Divides all logits by one number, which changes no verdict.</summary>
    private void Temper(NanoVerdicts verdicts)
    {
        double factor = 1 / verdicts.Temperature(_network.Logits(verdicts.Hidden));
        _network.Weights.Add(FinalNorm, _network.Weights[FinalNorm].detach().Times(factor));
        verdicts.Hidden.Scale(factor);
    }

    /// <summary>Gives safe a head start: adds to its row what all states before a verdict have in common, which least squares find.</summary>
    private void PreferSafe(Tensor hidden)
    {
        using DisposeScope scope = NewDisposeScope();
        Tensor gram = matmul(hidden.t(), hidden), common = linalg.solve(gram.Plus(eye(gram.shape[0]).Times(Ridge * gram.diagonal().mean().ToDouble())), hidden.sum([0L]));
        Tensor table = _network.Weights[WordTable].detach().clone();
        table[_questions.Id(NanoCheckpoint.Safe)].AddScaled(common, SafeStart);
        _network.Weights.Add(WordTable, table);
    }

    /// <summary>Scenes of the drawings of a set that have a name here.</summary>
    private SymbolScenes Known(string set, long seed)
    {
        bool isOwn = set.EndsWith(".json", StringComparison.Ordinal);
        SymbolSceneOptions options = new()
        {
            Seed = seed,
            ImageSize = NanoScenes.ImageSize,
            Split = DatasetSplit.None,
            IconSet = isOwn ? set : null,
            Sets = isOwn ? [] : [set],
        };
        using var all = SymbolScenes.Create(options);
        options.Names = [.. all.Names.Intersect(Names)];
        return SymbolScenes.Create(options);
    }

    /// <inheritdoc />
    public void Dispose() => _network.Dispose();

    /// <summary>The image tokens of a scene: [1, cells, width of the text model].</summary>
    internal Tensor See(SymbolScene scene) => _network.See(NanoScenes.Pixels([scene]));

    /// <summary>The logits of what comes next after each question: [questions, vocabulary].</summary>
    /// <param name="seen">The image tokens of the scene.</param>
    /// <param name="open">The questions, up to there.</param>
    internal Tensor Next(Tensor seen, IReadOnlyList<TokenRow> open) => _network.Logits(Before(seen, open));

    /// <summary>The state from which <see cref="Next"/> follows: [questions, width].</summary>
    internal Tensor Before(Tensor seen, IReadOnlyList<TokenRow> open)
    {
        TokenBatch batch = TokenBatch.Share([(_beginning, open)], _padding, null);
        long[] last = new long[open.Count];
        for (int i = 0, at = NanoScenes.Cells; i < open.Count; i++)
        {
            last[i] = (at += open[i].Ids.Count) - 1;
        }

        return _network.Hidden(batch, seen)[0].index_select(0, tensor(last));
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
        TuneTower(null, cancellationToken);
        return DrawFrom(_options.Seed, sources =>
            NanoScenes.Prepare(Path.Combine(_options.Folder, "work", "scenes"), _options.Scenes, _words.NumberOf, sources, _tower, _options.Seed, progress, cancellationToken));
    }

    /// <summary>Opens what is drawn from, and closes it at the end; a set of the user's as often as it has names.</summary>
    private T DrawFrom<T>(int seed, Func<IReadOnlyList<SceneSource>, T> draw)
    {
        var opened = new List<SymbolScenes>();
        try
        {
            opened.Add(SymbolScenes.Create(new SymbolSceneOptions { Seed = seed, Split = DatasetSplit.None, Sets = Sets, Names = Names, ImageSize = NanoScenes.ImageSize }));
            foreach (string set in _options.IconSets)
            {
                using var all = SymbolScenes.Create(new SymbolSceneOptions { IconSet = set });
                opened.Add(SymbolScenes.Create(new SymbolSceneOptions { Seed = seed, IconSet = set, Names = [.. all.Names.Intersect(Names)], ImageSize = NanoScenes.ImageSize }));
            }

            double drawn = opened.Skip(1).Sum(scenes => scenes.Names.Count), own = drawn > 0 ? OwnShare : 1;
            return draw([.. opened.Select((scenes, i) => new SceneSource(i == 0 ? own : (1 - own) * scenes.Names.Count / drawn, scenes))]);
        }
        finally
        {
            opened.ForEach(scenes => scenes.Dispose());
        }
    }

    private Tensor Loss(NanoScenes scenes, int step)
    {
        _questions.Random = _random = NanoNaming.Seeded(_options.Seed, step);
        _isLate |= _presence > PresenceToGoOn;
        _questions.HasGroups = _isLate;
        int[] chosen = [.. Enumerable.Range(0, _options.Batch).Select(_ => _random.Next(scenes.Things.Count))];
        TokenBatch batch = TokenBatch.Share([.. chosen.Select(scene => (_beginning, Ask(scenes.Things[scene])))], _padding, null);
        Tensor features = _tower.Describe(scenes.Read(chosen), NanoNaming.DropOut), hidden = _network.Hidden(batch, _tower.Place(features));
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
        return ((losses * weights).sum() / weights.sum()).Plus(_naming.Loss([.. chosen.Select(scene => scenes.Things[scene])], NanoScenes.Side, features).Times(SideLoss));
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
}
