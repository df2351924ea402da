namespace SafeVision.Training.Runs;

/// <summary>What a run came to.</summary>
/// <param name="Before">The untouched model on the test split; null where the dataset has none.</param>
/// <param name="After">The trained model on the same.</param>
/// <param name="Refine">The trained model on the refine split; null where the dataset has none.</param>
/// <param name="Checkpoint">The folder of the trained checkpoint, which <c>safevision convert</c> takes.</param>
/// <param name="Model">The folder that <c>UseVisionLanguageModel</c> takes; null where it was not converted.</param>
/// <param name="Steps">Steps of the optimiser.</param>
/// <param name="LeftOut">Samples that were longer than allowed.</param>
public sealed record TrainingResult(VerdictMetrics? Before, VerdictMetrics? After, VerdictMetrics? Refine, string Checkpoint, string? Model, int Steps, int LeftOut);

/// <summary>One run of training from a checkpoint and a dataset to a checkpoint that the engine runs: measured before
/// and after, gone on with where it was stopped. The folder holds all that repeats it.</summary>
public sealed class TrainingSession : IDisposable
{
    /// <summary>The stage in which a part of the refine split is judged between two steps.</summary>
    public const string Glance = "Judging";

    private const string CheckpointFolder = "checkpoint";

    private readonly TrainingOptions _options;
    private readonly IProgress<TrainingProgress>? _progress;
    private readonly TimeProvider _clock;
    private readonly RunFolder _folder;
    private readonly TrainingDataset _dataset;
    private readonly List<TrainingSample> _train = [], _refine = [];
    private readonly List<HeldOutSample> _test = [];
    private readonly NamedThings _truth = new();
    private readonly SampleOrder _order;
    private readonly LoadedModel _model;
    private readonly SampleEncoder _encoder;
    private readonly TrainableNetwork _network;
    private readonly LowRankAdapter? _adapter;
    private readonly IReadOnlyDictionary<string, Tensor> _trained;
    private List<JsonObject> _log = [];

    private TrainingSession(
        TrainingOptions options, IProgress<TrainingProgress>? progress, TimeProvider clock, RunFolder folder, TrainingDataset dataset, LoadedModel model)
    {
        TrainableNetwork network = model.Network;
        (_options, _progress, _clock, _folder, _dataset, _encoder, _network) = (options, progress, clock, folder, dataset, model.Encoder, network);
        (_model, _order) = (model, new SampleOrder(options.Seed));
        if (options.Adapter is { } lora)
        {
            _ = network.Weights.Train(_ => false);
            _adapter = LowRankAdapter.Start(network.Weights, new LowRankOptions { Rank = lora.Rank, Alpha = lora.Alpha, Modules = lora.Modules, Tokens = [.. lora.Tokens.Union(model.NewTokens)], Seed = options.Seed });
            network.Weights.Adapter = _adapter;
            _trained = _adapter.Train();
        }
        else
        {
            _trained = network.Weights.Train(name => options.TrainsVision || !NetworkWeights.IsVision(name));
        }

        if (options.IsHalf)
        {
            network.Weights.Products = ScalarType.BFloat16;
            network.Weights.ShrinkFrozen();
        }

        network.Recomputes = options.Recomputes;
    }

    /// <summary>Runs it from beginning, or from where it was stopped, to its end.</summary>
    /// <param name="options">What to do.</param>
    /// <param name="progress">Told of every step; null: nobody.</param>
    /// <param name="clock">Says how long a step takes; null: the system's.</param>
    /// <param name="cancellationToken">Stops after the step under way, whose state is saved; the same options go on from there.</param>
    /// <exception cref="TrainingException">The run can't begin or go on; the message says why.</exception>
    /// <exception cref="TrainingDataException">The dataset can't be used.</exception>
    /// <exception cref="CheckpointException">The checkpoint can't be used.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static async Task<TrainingResult> RunAsync(TrainingOptions options, IProgress<TrainingProgress>? progress = null, TimeProvider? clock = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.Validate();
        using TrainingSession session = await OpenAsync(options, progress, clock ?? TimeProvider.System, cancellationToken).ConfigureAwait(false);
        return await session.RunAsync(cancellationToken).ConfigureAwait(false);
    }

    /// <inheritdoc />
    public void Dispose()
    {
        _adapter?.Dispose();
        _network.Dispose();
        _folder.Dispose();
    }

    private static async Task<TrainingSession> OpenAsync(TrainingOptions options, IProgress<TrainingProgress>? progress, TimeProvider clock, CancellationToken cancellationToken)
    {
        if (options.Device == "cuda" && !cuda.is_available())
        {
            throw new TrainingException("There is no CUDA device that libtorch can use. Add the package libtorch-cuda of this system to an application of yours, or train on the processor (--device cpu).");
        }

        if (!Directory.Exists(options.Model))
        {
            throw new TrainingException($"{options.Model}: is no folder. The model to train is the folder of a checkpoint in safetensors, as it was published or as 'safevision-train starter' makes one.");
        }

        if (!File.Exists(Path.Combine(options.Data, TrainingDataset.SamplesFile)))
        {
            throw new TrainingException($"{options.Data}: has no {TrainingDataset.SamplesFile}. 'safevision data export PROJECT' writes a dataset into PROJECT/dataset.");
        }

        SafetyPolicy? policy = options.Policy is { } file ? SafetyPolicy.FromFile(file) : null;
        TrainingDataset dataset = await TrainingDataset.OpenAsync(options.Data, cancellationToken).ConfigureAwait(false);
        RunFolder folder = RunFolder.Take(options.Output, Identity(options));
        LoadedModel? model = null;
        try
        {
            model = await LoadedModel.OpenUntouchedAsync(options, dataset, policy, Path.Combine(options.Output, CheckpointFolder), cancellationToken).ConfigureAwait(false);
            var session = new TrainingSession(options, progress, clock, folder, dataset, model);
            await session.ReadAsync(cancellationToken).ConfigureAwait(false);
            return session;
        }
        catch
        {
            model?.Dispose();
            folder.Dispose();
            throw;
        }
    }

    /// <summary>What the run is; a run that is gone on with must be the same.</summary>
    private static JsonObject Identity(TrainingOptions options)
    {
        var asked = (JsonObject)JsonSerializer.SerializeToNode(options with { Output = "" }, RunFolder.Json)!;
        asked.Remove("output");
        return new JsonObject
        {
            ["schema"] = 1,
            ["options"] = asked,
            ["model"] = RunFolder.Hashes(Directory.EnumerateFiles(options.Model)),
            ["data"] = RunFolder.Hashes([Path.Combine(options.Data, TrainingDataset.SamplesFile), .. Directory.Exists(Path.Combine(options.Data, TrainingDataset.PoliciesFolder)) ? Directory.EnumerateFiles(Path.Combine(options.Data, TrainingDataset.PoliciesFolder)) : []]),
            ["policy"] = options.Policy is { } policy ? RunFolder.Hashes([policy]) : null,
            ["excluded"] = options.Excluded is { } excluded ? RunFolder.Hashes([excluded]) : null,
            ["software"] = new JsonObject { ["libtorch"] = torch.__version__, ["threads"] = get_num_threads() },
        };
    }

    private async Task ReadAsync(CancellationToken cancellationToken)
    {
        HashSet<string> excluded = _options.Excluded is { } file ? JsonSerializer.Deserialize<HashSet<string>>(await File.ReadAllBytesAsync(file, cancellationToken).ConfigureAwait(false))! : [];
        await foreach (TrainingSample sample in _dataset.ReadTrainAsync(cancellationToken).ConfigureAwait(false))
        {
            _truth.Add(sample);
            if (!excluded.Contains(sample.Id))
            {
                _train.Add(sample);
            }
        }

        await foreach (TrainingSample sample in _dataset.ReadRefineAsync(cancellationToken).ConfigureAwait(false))
        {
            _truth.Add(sample);
            _refine.Add(sample);
        }

        if (_options.MeasuresTest)
        {
            await foreach (HeldOutSample sample in _dataset.ReadTestAsync(cancellationToken).ConfigureAwait(false))
            {
                _test.Add(sample);
            }
        }

        if (_train.Count == 0)
        {
            throw new TrainingException($"{_options.Data}: has no sample in the split train.");
        }
    }

    private async Task<TrainingResult> RunAsync(CancellationToken cancellationToken)
    {
        if (_folder.Result<TrainingResult>() is { } finished)
        {
            return finished;
        }

        _log = [.. _folder.LogBefore(_folder.SavedStep)];
        (IReadOnlyList<TrainingSample> usable, int leftOut) = await MeasureAsync(cancellationToken).ConfigureAwait(false);
        VerdictMetrics? before = await LookAsync("before", [.. _test.Select(held => held.Sample)], int.MaxValue, null, cancellationToken).ConfigureAwait(false);
        IRunObjective objective = await ObjectiveAsync(usable, cancellationToken).ConfigureAwait(false);
        int steps = await TrainAsync(objective, cancellationToken).ConfigureAwait(false);
        VerdictMetrics? refine = await LookAsync("refined", _refine, int.MaxValue, null, cancellationToken).ConfigureAwait(false);
        VerdictMetrics? after = await LookAsync("after", [.. _test.Select(held => held.Sample)], int.MaxValue, null, cancellationToken).ConfigureAwait(false);
        string checkpoint = Path.Combine(_folder.Path, CheckpointFolder);
        if (_adapter is not null)
        {
            _adapter.Save(Path.Combine(_folder.Path, "adapter"));
        }

        _network.Weights.Save(checkpoint);
        string? model = _options.Converts ? await ConvertAsync(_folder.Path, checkpoint, _progress, cancellationToken).ConfigureAwait(false) : null;
        var result = new TrainingResult(before, after, refine, checkpoint, model, steps, leftOut);
        _folder.Write(RunFolder.ResultFile, result);
        Page(after is null ? "Done." : string.Create(CultureInfo.InvariantCulture, $"Done. Exactly right on the test split: {before?.Right:0.000} before, {after.Right:0.000} after; always the commonest answer: {after.Majority:0.000}."), isOpen: false);
        return result;
    }

    /// <summary>Foretells the memory from the longest of some samples, and leaves out those that are too long.</summary>
    private async Task<(IReadOnlyList<TrainingSample> Usable, int LeftOut)> MeasureAsync(CancellationToken cancellationToken)
    {
        const int Looked = 64;
        int longest = 0, answered = 1, patches = 1, attended = _network.Sizes.Vision.Patches;
        foreach (TrainingSample sample in _order.Of(_train.Count, 0).Take(Looked).Select(place => _train[place]))
        {
            EncodedSample encoded = await _encoder.EncodeAsync(sample, cancellationToken).ConfigureAwait(false);
            bool isTiled = encoded.Image.PixelShape.Count == 4; // otherwise the image is patches that may all attend to one another
            int own = (int)encoded.Image.PixelShape[0] * (isTiled ? _network.Sizes.Vision.Patches : 1);
            int learnt = encoded.Row.Ids.Count - Math.Max(0, encoded.Row.Labels.ToList().FindIndex(label => label != SupervisedObjective.Ignored) - 1);
            (longest, answered, patches, attended) = (Math.Max(longest, encoded.Row.Ids.Count), Math.Max(answered, _options.Weighting == AnswerWeighting.Positional ? encoded.Row.Ids.Count : learnt), Math.Max(patches, own), isTiled ? attended : Math.Max(attended, own));
        }

        List<TrainingSample> usable = _train;
        if (longest > _options.MaximumLength)
        {
            usable = await FittingAsync(cancellationToken).ConfigureAwait(false);
            longest = _options.MaximumLength;
        }

        int passes = _options.Objective switch { TrainingObjective.Grpo => _options.Answers, TrainingObjective.Dpo => 2, _ => 1 };
        RunForecast forecast = RunForecast.Of(_network, [.. _trained.Values.Select(tensor => tensor.numel())], _options.Rows, longest, answered, (long)_options.Rows * patches, attended, passes);
        if (!_folder.HasState)
        {
            _folder.Log(new { stage = "forecast", memory = forecast.Total, parts = forecast, longest, trained = _trained.Values.Sum(tensor => tensor.numel()) });
        }

        _progress?.Report(new TrainingProgress($"The run needs about {RunForecast.Text(forecast.Total)}: {forecast.Describe()}", 0, 0));
        if ((_options.Memory ?? (_options.Device == "cpu" ? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes : (long?)null)) is { } available)
        {
            forecast.Require(available, _options);
        }

        return usable.Count > 0 ? (usable, _train.Count - usable.Count) : throw new TrainingException($"Every sample is longer than {_options.MaximumLength} tokens. Allow more (--max-length), or cut images into fewer tiles (--max-tiles).");
    }

    private async Task<List<TrainingSample>> FittingAsync(CancellationToken cancellationToken)
    {
        var fitting = new List<TrainingSample>();
        foreach (TrainingSample sample in _train)
        {
            EncodedSample encoded = await _encoder.EncodeAsync(sample, cancellationToken).ConfigureAwait(false);
            if (encoded.Row.Ids.Count <= _options.MaximumLength)
            {
                fitting.Add(sample);
            }
        }

        return fitting;
    }

    private async Task<IRunObjective> ObjectiveAsync(IReadOnlyList<TrainingSample> samples, CancellationToken cancellationToken)
    {
        TrainingSample[] judged = [.. samples.Where(_encoder.IsJudged)];
        switch (_options.Objective)
        {
            case TrainingObjective.Dpo:
                string file = Path.Combine(_folder.Path, "pairs.json");
                if (!File.Exists(file))
                {
                    TrainingSample[] asked = [.. _order.Of(judged.Length, 1).Take(_options.EvaluateSamples).Select(place => judged[place])];
                    IReadOnlyList<PreferencePair> found = await PreferenceRun.CollectAsync(
                        _network, _encoder, asked, _truth, _options, done => _progress?.Report(new TrainingProgress("Looking for mistakes", done, asked.Length)), cancellationToken).ConfigureAwait(false);
                    _folder.Write("pairs.json", found);
                }

                IReadOnlyList<PreferencePair> pairs = JsonSerializer.Deserialize<List<PreferencePair>>(await File.ReadAllBytesAsync(file, cancellationToken).ConfigureAwait(false), RunFolder.Json)!;
                return new PreferenceRun(_network, _encoder, judged.ToDictionary(sample => sample.Id), pairs, new PreferenceObjective { Beta = _options.Beta ?? 0.1, SupervisedWeight = _options.SupervisedWeight });
            case TrainingObjective.Grpo:
                return judged.Length > 0
                    ? new RewardRun(_network, _encoder, judged, _truth, new GroupObjective { Beta = _options.Beta ?? 0.04 }, _options)
                    : throw new TrainingException("No sample of the split train asks for a verdict under a policy, which is what grpo rewards.");
            default:
                return new SupervisedRun(_network, _encoder, samples, new SupervisedObjective { Weighting = _options.Weighting, Share = _options.Share, AssistantMark = [.. _encoder.Prompts.Tokenizer.Encode("assistant\n").Select(id => (long)id)] });
        }
    }

    private async Task<int> TrainAsync(IRunObjective objective, CancellationToken cancellationToken)
    {
        int perStep = _options.Rows * _options.Accumulation, total = _options.Steps ?? Math.Max(1, (int)Math.Ceiling(_options.Epochs * objective.Batches / perStep));
        using var run = new TrainingRun(_trained, new LearningRate(_options.HighestRate, (int)Math.Ceiling(total * _options.WarmUp), total), new AdamWOptions { WeightDecay = _options.WeightDecay, MaxNorm = _options.MaxNorm });
        if (_folder.HasState)
        {
            run.Load(_folder.State);
            _progress?.Report(new TrainingProgress($"Going on after step {run.Step} of {total}", run.Step, total));
        }

        int first = run.Step;
        long started = _clock.GetTimestamp();
        Task<object[]>? next = run.Step < total ? PrepareAsync(objective, run.Step, cancellationToken) : null;
        while (run.Step < total)
        {
            object[] batches = await next!.ConfigureAwait(false);
            int following = run.Step + 1; // read now: a busy host begins the task after the step is counted
            next = following < total ? Task.Run(() => PrepareAsync(objective, following, cancellationToken), CancellationToken.None) : null;
            if (cancellationToken.IsCancellationRequested)
            {
                run.Save(_folder.State);
                throw new OperationCanceledException(cancellationToken);
            }

            var told = new Dictionary<string, double>();
            StepRecord record = run.Take([.. batches.Select((batch, i) => (Func<Tensor>)(() => objective.Loss(batch, ((long)run.Step * _options.Accumulation) + i, told)))], _network.Backward);
            Log(new JsonObject([
                KeyValuePair.Create("step", (JsonNode?)record.Step), KeyValuePair.Create("loss", (JsonNode?)record.Loss), KeyValuePair.Create("norm", (JsonNode?)record.Norm), KeyValuePair.Create("rate", (JsonNode?)record.Rate),
                .. told.Select(entry => KeyValuePair.Create(entry.Key, (JsonNode?)entry.Value))]));
            TimeSpan left = _clock.GetElapsedTime(started) / (run.Step - first) * (total - run.Step);
            _progress?.Report(new TrainingProgress("Training", run.Step, total, record.Loss, left));
            bool isLast = run.Step == total;
            if (run.Step % _options.EvaluateEvery == 0 || isLast)
            {
                await LookAsync("refine", _refine, _options.EvaluateSamples, record.Step, cancellationToken).ConfigureAwait(false);
                Page(string.Create(CultureInfo.InvariantCulture, $"Step {run.Step} of {total}, {left:hh\\:mm\\:ss} left."), isOpen: true);
            }

            if (run.Step % _options.SaveEvery == 0 || isLast)
            {
                run.Save(_folder.State);
            }
        }

        return total;
    }

    /// <summary>The batches of a step. Which samples they have follows from the seed and the step alone.</summary>
    private async Task<object[]> PrepareAsync(IRunObjective objective, int step, CancellationToken cancellationToken)
    {
        var batches = new object[_options.Accumulation];
        for (int i = 0; i < batches.Length; i++)
        {
            int[] places = [.. Enumerable.Range(0, _options.Rows).Select(row =>
            {
                long place = (((long)step * _options.Accumulation) + i) * _options.Rows + row;
                return _order.Of(objective.Batches, place / objective.Batches)[place % objective.Batches];
            })];
            batches[i] = await objective.PrepareAsync(places, cancellationToken).ConfigureAwait(false);
        }

        return batches;
    }

    /// <summary>Judges samples of a split that ask for a verdict.</summary>
    private async Task<VerdictMetrics?> LookAsync(string what, IReadOnlyList<TrainingSample> samples, int most, int? step, CancellationToken cancellationToken)
    {
        if (step is null && _log.Find(line => line["step"] is null && line["look"]?.GetValue<string>() == what) is { } known)
        {
            return known["metrics"].Deserialize<VerdictMetrics>(RunFolder.Json); // judged before the run was stopped
        }

        HashSet<string> asked = [.. samples.Where(_encoder.IsJudged).Take(most).Select(sample => sample.ImageHash)];
        TrainingSample[] shown = [.. samples.Where(sample => asked.Contains(sample.ImageHash))];
        string stage = step is not null ? Glance : what == "refined" ? "Judging the refine split" : "Judging the test split";
        if (await _model.MeasureAsync(shown, stage, _progress, cancellationToken).ConfigureAwait(false) is not { } metrics)
        {
            return null;
        }

        var told = new JsonObject { ["look"] = what, ["step"] = step, ["right"] = metrics.Right, ["majority"] = metrics.Majority, ["rocAuc"] = metrics.RocAuc, ["flips"] = metrics.Flips, ["metrics"] = JsonSerializer.SerializeToNode(metrics, RunFolder.Json) };
        Log(told);
        return metrics;
    }

    /// <summary>Converts a checkpoint into the folder <c>model</c> of a run, and returns its path.</summary>
    internal static async Task<string> ConvertAsync(string folder, string checkpoint, IProgress<TrainingProgress>? progress, CancellationToken cancellationToken)
    {
        string model = Path.Combine(folder, "model");
        progress?.Report(new TrainingProgress("Converting", 0, 0));
        await ModelConverter.ConvertAsync(new ConversionOptions { Source = checkpoint, Destination = model }, null, cancellationToken).ConfigureAwait(false);
        return model;
    }

    private void Log(JsonObject line)
    {
        _log.Add(line);
        _folder.Log(line);
    }

    private void Page(string status, bool isOpen) => RunPage.Write(_folder.Path, $"{_options.Objective.ToString().ToUpperInvariant()} of {Path.GetFileName(Path.TrimEndingDirectorySeparator(_options.Model))}", _log, status, isOpen);
}
