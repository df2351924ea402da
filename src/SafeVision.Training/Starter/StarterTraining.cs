using SafeVision.Training.Nano;

namespace SafeVision.Training.Starter;

/// <summary>How a small model is trained on drawn scenes.</summary>
public sealed record StarterTrainingOptions
{
    /// <summary>The things that it learns; each one word, and known to <see cref="SymbolScenes"/>.</summary>
    public required IReadOnlyList<string> Names { get; init; }

    /// <summary>The icon sets to draw from; empty: all of the training split.</summary>
    public IReadOnlyList<string> Sets { get; init; } = [];

    /// <summary>Steps in which the vision tower alone learns to name what is where; default 400.</summary>
    public int TileSteps { get; init; } = 400;

    /// <summary>Steps in which the whole model learns to answer; default 800.</summary>
    public int LanguageSteps { get; init; } = 800;

    /// <summary>Steps in which it learns then from scenes of two to four tiles with a thumbnail, a third of the time from the
    /// thumbnail alone, half as many scenes in a step; default 0: images are taken whole.</summary>
    public int TiledSteps { get; init; }

    /// <summary>Scenes in a step; default 16.</summary>
    public int Scenes { get; init; } = 16;

    /// <summary>Questions about each scene; default 7.</summary>
    public int Questions { get; init; } = 7;

    /// <summary>The highest learning rate; default 1.5e-3.</summary>
    public double Rate { get; init; } = 1.5e-3;

    /// <summary>Everything random follows from it; default 1.</summary>
    public int Seed { get; init; } = 1;

    /// <summary>The kinds of question beside policies; default all.</summary>
    internal IReadOnlyList<SceneQuestionKind> Kinds { get; init; } = [SceneQuestionKind.Check, SceneQuestionKind.List, SceneQuestionKind.At, SceneQuestionKind.Where, SceneQuestionKind.Presence, SceneQuestionKind.Which];

    /// <summary>The marks of its policies' categories; default <see cref="StarterTraining.CategoryMarks"/>.</summary>
    internal IReadOnlyList<string> Marks { get; init; } = StarterTraining.CategoryMarks;

    /// <summary>Whether the question stands before the image. Then questions about one image can't share its computation. Default false.</summary>
    internal bool IsPolicyFirst { get; init; }

    /// <summary>What products of matrices are computed in; default float32.</summary>
    internal ScalarType Products { get; init; } = ScalarType.Float32;
}

/// <summary>Trains a <see cref="StarterCheckpoint"/> to follow policies over drawn symbols: first what is where, then diverse
/// questions mixed with policies. Without the first stage and the check lists a model of this size stays at chance.</summary>
public sealed class StarterTraining : IDisposable
{
    /// <summary>The marks of the categories that a starter's policies may have.</summary>
    public static IReadOnlyList<string> CategoryMarks { get; } = ["<|A|>", "<|B|>", "<|C|>", "<|D|>"];

    private const double VerdictWeight = 5; // what decides a policy question is one token among many of all kinds

    private readonly StarterTrainingOptions _options;
    private readonly string _folder;
    private readonly SymbolScenes _scenes;
    private readonly SceneQuestions _questions;
    private readonly Random _random;
    private readonly TextTokenizer _tokenizer;
    private readonly TrainableNetwork _network;
    private readonly int _side;
    private readonly int _cells; // image tokens along a side
    private readonly string _image; // the marks of an image
    private readonly TokenRow _beginning; // of every conversation, up to the question
    private readonly SceneQuestionKind[] _others;
    private readonly long _padding;
    private readonly long[] _nameIds;
    private readonly long[] _verdicts;
    private readonly (TiledScenes Scenes, PromptEncoder Tiles, PromptEncoder Thumbnail)? _tiled;
    private int _drawn;

    private StarterTraining(string folder, StarterTrainingOptions options, StarterOptions size)
    {
        (_folder, _options) = (folder, options);
        _random = new Random(options.Seed);
        _scenes = SymbolScenes.Create(new SymbolSceneOptions { Seed = options.Seed, Sets = options.Sets, Names = options.Names, KeepsColors = true, FewestThings = 1, MostThings = 2, ImageSize = size.ImageSize });
        _questions = new SceneQuestions(options.Names, options.Marks, _random);
        _tokenizer = TextTokenizer.Open(folder);
        _network = TrainableNetwork.Load(folder);
        _network.Weights.Products = options.Products;
        _others = [.. options.Kinds.Where(kind => kind != SceneQuestionKind.Check)];
        (_side, _cells) = (size.ImageSize, size.ImageSize / StarterCheckpoint.TokenSide);
        _padding = _tokenizer.Encode("<|endoftext|>")[0];
        _nameIds = [.. options.Names.Select(name => (long)Assert(_tokenizer.Encode($" {name}"))), _tokenizer.Encode("<img>")[0]];
        _verdicts = [.. CategoryMarks.Append(ScenePolicy.Safe).Select(mark => (long)_tokenizer.Encode(mark)[0])];
        _image = $"<img>{string.Concat(Enumerable.Repeat("<IMG_CONTEXT>", _cells * _cells))}</img>\n";
        long[] beginning = Encode(options.IsPolicyFirst ? "<|im_start|>user\n" : $"<|im_start|>user\n{_image}");
        _beginning = Given(beginning);
        _tiled = options.TiledSteps > 0 ? (new TiledScenes(options.Names, options.Sets, size.ImageSize, options.Seed), PromptEncoder.Open(folder), PromptEncoder.Open(folder, maximumTiles: 1)) : null;
        int Assert(int[] ids) => ids.Length == 1 ? ids[0] : throw new ArgumentException("A name is no word of the vocabulary.", nameof(options));
    }

    /// <summary>The side of its images in pixels.</summary>
    public int ImageSize => _side;

    /// <summary>Writes a folder with a model from random weights that knows the names, ready to be trained.</summary>
    public static StarterTraining Create(string folder, StarterTrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        var size = new StarterOptions { Words = [.. SceneQuestions.Words, .. options.Names], Marks = [ScenePolicy.Safe, ScenePolicy.Reason, .. CategoryMarks], MaximumTiles = options.TiledSteps > 0 ? TiledScenes.MostTiles : 1, Seed = options.Seed };
        StarterCheckpoint.Write(folder, size);
        return new StarterTraining(folder, options, size);
    }

    /// <summary>Goes on with a folder that <see cref="Create"/> made.</summary>
    internal static StarterTraining Open(string folder, StarterTrainingOptions options)
    {
        string prompt = Path.Combine(folder, "safevision-prompt.yaml");
        File.WriteAllText(prompt, options.IsPolicyFirst ? StarterCheckpoint.PromptFile.Replace("order: imageFirst", "order: policyFirst", StringComparison.Ordinal) : StarterCheckpoint.PromptFile);
        return new StarterTraining(folder, options, new StarterOptions { Words = [] });
    }

    /// <summary>Trains, and writes the weights into the folder.</summary>
    /// <param name="progress">Told of each step.</param>
    /// <param name="cancellationToken">Stops between steps; the folder then keeps the weights that it had.</param>
    public void Run(IProgress<StepRecord>? progress, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, Tensor> seeing = _network.Weights.Train(name => name.Contains("vision_tower", StringComparison.Ordinal) || name.Contains("projector", StringComparison.Ordinal) || NetworkWeights.IsTable(name));
        Stage(seeing, _options.TileSteps, _ => 1, _ => TileLoss(Draw(_options.Scenes)), 0, progress, cancellationToken);
        IReadOnlyDictionary<string, Tensor> all = _network.Weights.Train(_ => true);
        Stage(all, _options.LanguageSteps, Rate, LanguageLoss, _options.TileSteps, progress, cancellationToken);
        Stage(all, _options.TiledSteps, Rate, TiledLoss, _options.TileSteps + _options.LanguageSteps, progress, cancellationToken);
        _network.Weights.Save(_folder);
        static double Rate(string name) => name.Contains("vision_tower", StringComparison.Ordinal) ? 0.3 : 1;
    }

    /// <summary>The mark that the model gives a scene under a policy: the likeliest of those that the policy has, and the safe one.</summary>
    internal string Judge(SymbolScene scene, ScenePolicy policy) =>
        Likeliest(scene, policy.Prompt, [ScenePolicy.Safe, .. policy.Categories.Select(category => category.Mark)]);

    /// <summary>Whether the model says that a thing is in a scene.</summary>
    internal bool Sees(SymbolScene scene, string name) => Likeliest(scene, $" is {name} here", [" no", " yes"]) == " yes";

    /// <inheritdoc />
    public void Dispose()
    {
        _network.Dispose();
        _scenes.Dispose();
        _tiled?.Scenes.Dispose();
    }

    /// <summary>Of answers of one token, the one that the model holds for the likeliest.</summary>
    private string Likeliest(SymbolScene scene, string question, string[] answers)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();
        long[] ids = [.. _beginning.Ids, .. Encode(Turn(question))];
        Tensor last = _network.Forward(TokenBatch.Pad([new TokenRow(ids, ids)], _padding, NanoScenes.Pixels([scene])))[0, -1];
        return answers.MaxBy(answer => last[_tokenizer.Encode(answer)[0]].ToSingle())!;
    }

    private string Turn(string question) => $"{question}{(_options.IsPolicyFirst ? _image : "")}<|im_end|>\n<|im_start|>assistant\n";

    private void Stage(IReadOnlyDictionary<string, Tensor> trained, int steps, Func<string, double> factor, Func<int, Tensor> loss, int before, IProgress<StepRecord>? progress, CancellationToken cancellationToken)
    {
        if (steps == 0)
        {
            return;
        }

        using var run = new TrainingRun(trained, new LearningRate(_options.Rate, Math.Max(1, steps / 20), steps), new AdamWOptions { WeightDecay = 0.05, Beta2 = 0.98, RateFactor = factor });
        while (run.Step < steps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            StepRecord record = run.Take([() => loss(run.Step)]);
            progress?.Report(record with { Step = before + record.Step });
        }
    }

    /// <summary>Each image token names what is under it, by the word embeddings that the text model reads.</summary>
    private Tensor TileLoss(SymbolScene[] scenes) => TileLoss(scenes, _network.See(NanoScenes.Pixels(scenes)), [ImageBox.Whole], reach: 0);

    /// <param name="features">Its image tokens, [scenes * tiles, cells, width].</param>
    /// <param name="tiles">Where each tile lies, in fractions of the image.</param>
    /// <param name="reach">In cells, how far from a token's middle that of a thing counts as under it where no thing covers the token's.</param>
    private Tensor TileLoss(SymbolScene[] scenes, Tensor features, IReadOnlyList<ImageBox> tiles, double reach)
    {
        long[] truth =
        [
            .. from scene in scenes
               from tile in tiles
               from cell in Enumerable.Range(0, _cells * _cells)
               let x = tile.X + (((cell % _cells) + 0.5) / _cells * tile.Width)
               let y = tile.Y + (((cell / _cells) + 0.5) / _cells * tile.Height)
               select Under(scene, x, y, reach * tile.Width / _cells, reach * tile.Height / _cells),
        ];
        Tensor normed = features.flatten(0, 1); // [scenes * cells, width]
        normed = normed.RootMeanSquareNormed(1e-6);
        Tensor words = _network.Weights.Table("model.language_model.embed_tokens").index_select(0, tensor(_nameIds));
        return nn.functional.cross_entropy(nn.functional.linear(normed, words), tensor(truth));
    }

    private long Under(SymbolScene scene, double x, double y, double reachX, double reachY)
    {
        SceneSymbol? found = scene.Symbols.LastOrDefault(symbol => x >= symbol.Box.X && x < symbol.Box.X + symbol.Box.Width && y >= symbol.Box.Y && y < symbol.Box.Y + symbol.Box.Height)
            ?? scene.Symbols.LastOrDefault(symbol => Math.Abs(symbol.Box.X + (symbol.Box.Width / 2) - x) < reachX && Math.Abs(symbol.Box.Y + (symbol.Box.Height / 2) - y) < reachY);
        return found is null ? _nameIds.Length - 1 : _options.Names.ToList().IndexOf(found.Name);
    }

    private Tensor LanguageLoss(int step)
    {
        SymbolScene[] scenes = Draw(_options.Scenes);
        return LanguageLoss(scenes, NanoScenes.Pixels(scenes), _beginning, isEarly: step < 0.35 * _options.LanguageSteps, [ImageBox.Whole], reach: 0);
    }

    /// <summary>As the engine prepares images, those of a step cut alike.</summary>
    private Tensor TiledLoss(int step)
    {
        (TiledScenes drawn, PromptEncoder whole, PromptEncoder thumbnail) = _tiled!.Value;
        SymbolScene[] scenes = [.. Enumerable.Range(_drawn, _drawn += _options.Scenes / 2).Take(_options.Scenes / 2).Select(index => drawn.Draw(index, step))];
        bool isThumbnail = _random.Next(3) == 0;
        PreparedImage[] images = [.. scenes.Select(scene => Prepare(isThumbnail ? thumbnail : whole, scene))];
        long[] shape = [.. images[0].PixelShape];
        Tensor pixels = tensor(images.SelectMany(image => image.Pixels.ToArray()).ToArray(), [shape[0] * images.Length, .. shape[1..]]);
        (int columns, int rows) = TiledScenes.Grids[step % TiledScenes.Grids.Count];
        ImageBox[] tiles = isThumbnail ? [ImageBox.Whole] : [.. Enumerable.Range(0, columns * rows).Select(i => new ImageBox(i % columns / (double)columns, i / columns / (double)rows, 1.0 / columns, 1.0 / rows)), ImageBox.Whole];
        return LanguageLoss(scenes, pixels, Given([.. Encode("<|im_start|>user\n"), .. images[0].Ids.Select(id => (long)id), .. Encode("\n")]), isEarly: false, tiles, reach: 0.5);
    }

    private static PreparedImage Prepare(PromptEncoder encoder, SymbolScene scene)
    {
        using DecodedImage image = DecodedImage.FromPixels(new ImagePixels(scene.Pixels, scene.Size, scene.Height, PixelFormat.Rgb24), new ImageDecodeOptions());
        return encoder.Encode(image.Frames[0]);
    }

    private Tensor LanguageLoss(SymbolScene[] scenes, Tensor pixels, TokenRow beginning, bool isEarly, IReadOnlyList<ImageBox> tiles, double reach)
    {
        TokenRow[][] rows = [.. scenes.Select(scene => Enumerable.Range(0, _options.Questions).Select(_ => Row(_questions.Ask(Kind(isEarly), scene))).ToArray())];
        TokenBatch batch = _options.IsPolicyFirst
            ? TokenBatch.Pad([.. rows.SelectMany(row => row).Select(row => new TokenRow([.. beginning.Ids, .. row.Ids], [.. beginning.Labels, .. row.Labels]))], _padding, pixels)
            : TokenBatch.Share([.. rows.Select(row => (beginning, (IReadOnlyList<TokenRow>)row))], _padding, pixels);
        Tensor features = _network.See(pixels), logits = _network.Forward(batch, _options.IsPolicyFirst ? features.repeat_interleave(_options.Questions, 0) : features);
        Tensor labels = batch.Labels.narrow(1, 1, batch.Labels.shape[1] - 1);
        Tensor weights = labels.IsNot(SupervisedObjective.Ignored).to(ScalarType.Float32).Plus(isin(labels, tensor(_verdicts)).to(ScalarType.Float32).Times(VerdictWeight - 1));
        Tensor losses = SupervisedObjective.TokenLosses(logits, batch.Labels);
        return ((losses * weights).sum() / weights.sum()).Plus(TileLoss(scenes, features, tiles, reach).Times(0.5));
    }

    private SceneQuestionKind Kind(bool isEarly)
    {
        double draw = _random.NextDouble(), check = !_options.Kinds.Contains(SceneQuestionKind.Check) ? 0 : isEarly ? 0.4 : 0.1, policy = isEarly ? 0.35 : 0.6;
        return draw < check ? SceneQuestionKind.Check : draw < check + policy || _others.Length == 0 ? SceneQuestionKind.Policy : _others[_random.Next(_others.Length)];
    }

    private TokenRow Row(SceneQuestion question)
    {
        List<long> ids = [.. Encode(Turn(question.Question))], labels = [.. ids.Select(_ => SupervisedObjective.Ignored)];
        foreach (AnswerPiece piece in question.Answer.Append(new AnswerPiece("<|im_end|>", true)))
        {
            long[] tokens = Encode(piece.Text);
            ids.AddRange(tokens);
            labels.AddRange(tokens.Select(token => piece.IsLearnt ? token : SupervisedObjective.Ignored));
        }

        return new TokenRow(ids, labels);
    }

    private static TokenRow Given(long[] ids) => new(ids, [.. ids.Select(_ => SupervisedObjective.Ignored)]);

    private SymbolScene[] Draw(int count) => [.. Enumerable.Range(_drawn, _drawn += count).Take(count).Select(_scenes.Draw)];

    private long[] Encode(string text) => [.. _tokenizer.Encode(text).Select(id => (long)id)];
}
