namespace SafeVision.Training.Nano;

/// <summary>Teaches image tokens to name what is under them, in the word embeddings that the text model will read:
/// first the tower, on small squares, then the projections behind it, on whole scenes. A hundred times cheaper than to
/// learn it from answers.</summary>
/// <param name="weights">Of the whole model.</param>
/// <param name="tower">Its tower.</param>
/// <param name="tokens">The tokens of the names, and last that of nothing.</param>
/// <param name="options">How long.</param>
internal sealed class NanoNaming(NetworkWeights weights, CellTower tower, long[] tokens, NanoTrainingOptions options)
{
    /// <summary>The share of the projections' middle that is left out in training.</summary>
    public const double DropOut = 0.2;

    private const int SaveEvery = 250;
    private const int Batch = 64;
    private const int TowerBatch = 32;
    private const int TowerAtOnce = 8; // more fall out of the processor's cache
    private const int TowerWaits = 200; // steps until the projections know enough to teach it
    private const int TowerFrozen = 5; // blocks that see edges and colours, which drawings have too
    private const double TowerRate = 0.2;
    private const double Smoothing = 0.05;
    private const string Blocks = CellTower.Prefix + "_blocks.";

    /// <summary>Teaches the tower; a run that was stopped goes on.</summary>
    /// <param name="state">The folder of its state.</param>
    /// <param name="crops">What it looks at.</param>
    /// <param name="progress">Told each step.</param>
    /// <param name="cancellationToken">Stops after a step, whose state is kept.</param>
    public void TuneTower(string state, NanoCrops crops, Action<NanoStep>? progress, CancellationToken cancellationToken)
    {
        using var run = new TrainingRun(
            weights.Train(name => IsTuned(name) || IsNaming(name)),
            new LearningRate(2e-3, 100, options.TowerSteps),
            new AdamWOptions { WeightDecay = 0.05, Beta2 = 0.98, RateFactor = name => IsTuned(name) ? TowerRate : 1 });
        if (File.Exists(Path.Combine(state, "run.json")))
        {
            run.Load(state);
        }
        else if (options.TowerSteps > 0)
        {
            using DisposeScope scope = NewDisposeScope();
            using IDisposable still = no_grad();
            Even(tower.Cells(NanoScenes.Pixels([.. crops.Take(options.TowerSteps, 256, new Random(options.Seed)).Select(crop => crop.Crop)])));
            weights.Save(options.Folder);
        }

        while (run.Step < options.TowerSteps)
        {
            Random random = Seeded(options.Seed, -1_000_000 - run.Step);
            IEnumerable<(SymbolScene, IReadOnlyList<SceneThing>)[]> parts = crops.Take(run.Step, TowerBatch, random).Chunk(TowerAtOnce);
            StepRecord record = run.Take([.. parts.Select(part => (Func<Tensor>)(() => TowerLoss(part, run.Step >= TowerWaits)))]);
            progress?.Invoke(new NanoStep(record.Step, record.Loss, 0, 0));
            if (cancellationToken.IsCancellationRequested || run.Step % SaveEvery == 0)
            {
                run.Save(state);
                cancellationToken.ThrowIfCancellationRequested();
            }
        }

        foreach (string name in weights.Names.Where(name => IsTuned(name) && name.EndsWith(".weight", StringComparison.Ordinal)).ToArray())
        {
            weights.Add(name, weights[name].detach().to(ScalarType.Float16).to(ScalarType.Float32)); // as the converted model stores it
        }

        weights.Save(options.Folder);
    }

    /// <summary>Teaches the projections.</summary>
    public void Learn(NanoScenes scenes, IReadOnlyDictionary<string, Tensor> trained, Action<NanoStep>? progress, CancellationToken cancellationToken)
    {
        using (DisposeScope scope = NewDisposeScope())
        {
            Even(scenes.Read([.. Enumerable.Range(0, Math.Min(512, scenes.Things.Count))]));
        }

        var learning = trained.Where(entry => IsNaming(entry.Key)).ToDictionary(entry => entry.Key, entry => entry.Value, StringComparer.Ordinal);
        using var run = new TrainingRun(learning, new LearningRate(2e-3, 100, options.NamingSteps), new AdamWOptions { WeightDecay = 0.05, Beta2 = 0.98 });
        while (run.Step < options.NamingSteps)
        {
            cancellationToken.ThrowIfCancellationRequested();
            StepRecord record = run.Take([() =>
            {
                Random random = Seeded(options.Seed, -1 - run.Step);
                int[] chosen = [.. Enumerable.Range(0, Batch).Select(_ => random.Next(scenes.Things.Count))];
                return Loss([.. chosen.Select(scene => scenes.Things[scene])], NanoScenes.Side, tower.Describe(scenes.Read(chosen), DropOut));
            }]);
            progress?.Invoke(new NanoStep(record.Step, record.Loss, 0, 0));
        }
    }

    /// <summary>How badly each image token names what is under it: of what a cell shows only, for where it lies says nothing of it.</summary>
    /// <param name="scenes">What is there.</param>
    /// <param name="side">Cells in a row.</param>
    /// <param name="features">[scenes, cells, width].</param>
    /// <param name="smoothing">The share of a name's weight that goes to all others.</param>
    public Tensor Loss(IReadOnlyList<IReadOnlyList<SceneThing>> scenes, int side, Tensor features, double smoothing = 0)
    {
        long[] truth = [.. scenes.SelectMany(things => Enumerable.Range(0, side * side).Select(cell => (long)Under(things, ((cell % side) + 0.5) / side, ((cell / side) + 0.5) / side)))];
        Tensor words = weights.Table("model.language_model.embed_tokens").index_select(0, tensor(tokens));
        return nn.functional.cross_entropy(nn.functional.linear(features.flatten(0, 1), words), tensor(truth), label_smoothing: smoothing);
    }

    /// <summary>Everything random of a step follows from its number, so that a run that was stopped goes on as it would have.</summary>
    public static Random Seeded(int seed, int step)
    {
        manual_seed(unchecked((seed * 1_000_003L) + step));
        return new Random(unchecked((seed * 1_000_003) + step));
    }

    private static bool IsTuned(string name) =>
        name.StartsWith(Blocks, StringComparison.Ordinal) && int.Parse(name[Blocks.Length..].Split('.')[0], CultureInfo.InvariantCulture) >= TowerFrozen;

    private static bool IsNaming(string name) => name.StartsWith(CellTower.Projector + "linear", StringComparison.Ordinal) || NetworkWeights.IsTable(name);

    /// <summary>Brings each channel of the cells to mean 0 and deviation 1, by what a part of the scenes shows.</summary>
    private void Even(Tensor cells)
    {
        using DisposeScope scope = NewDisposeScope();
        using IDisposable still = no_grad();
        cells = cells.flatten(0, 1);
        Tensor mean = cells.mean([0L]);
        weights.Add(CellTower.Projector + "mean", mean);
        weights.Add(CellTower.Projector + "scale", cells.Plus(mean.neg()).Squared().mean([0L]).Plus(1e-3).rsqrt());
    }

    /// <summary>The loss on squares that another hand might have drawn.</summary>
    private Tensor TowerLoss((SymbolScene Crop, IReadOnlyList<SceneThing> Things)[] part, bool learns)
    {
        using IDisposable still = no_grad();
        Tensor pixels = NanoScenes.Even(NanoCrops.Redrawn(NanoCrops.Bent(NanoScenes.Colors([.. part.Select(crop => crop.Crop)]))));
        Tensor? seen = learns ? null : tower.Cells(pixels);
        using IDisposable learning = enable_grad();
        return Loss([.. part.Select(crop => crop.Things)], NanoCrops.Side, tower.Describe(seen ?? tower.Cells(pixels), DropOut), Smoothing);
    }

    private int Under(IReadOnlyList<SceneThing> things, double x, double y) =>
        things.Where(thing => x >= thing.Box[0] && x < thing.Box[2] && y >= thing.Box[1] && y < thing.Box[3])
            .MinBy(thing => (thing.Box[2] - thing.Box[0]) * (thing.Box[3] - thing.Box[1]))?.Name ?? tokens.Length - 1;
}
