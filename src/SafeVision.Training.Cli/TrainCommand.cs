using SafeVision.Training.Adapters;
using SafeVision.Training.Objectives;
using SafeVision.Training.Refinement;

namespace SafeVision.Training.Cli;

/// <summary><c>safevision train</c>: trains a checkpoint on a dataset, measured before and after.</summary>
internal static class TrainCommand
{
    public static Command Create()
    {
        var options = new TrainOptions();
        var serve = new Option<int?>("--serve") { Description = "Show the run's page at http://localhost:PORT/ while it goes on, to this machine only." };
        var command = new Command("train", "Train a vision-language model to follow a policy, and measure it before and after. A run that was stopped goes on with the same command.");
        options.AddTo(command);
        var rounds = new RefineOptions();
        command.Options.Add(serve);
        rounds.AddTo(command);
        command.SetAction((parsed, cancellationToken) => Task.Run(
            () => rounds.Read(parsed, options.Read(parsed)) is { } refinement
                ? RefineAsync(refinement, parsed.InvocationConfiguration, cancellationToken)
                : RunAsync(options.Read(parsed), parsed.GetValue(serve), parsed.InvocationConfiguration, cancellationToken),
            CancellationToken.None));
        return command;
    }

    private static async Task<int> RunAsync(TrainingOptions options, int? port, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        using PageServer? server = port is { } number ? PageServer.Start(options.Output, number) : null;
        if (server is not null)
        {
            await console.Error.WriteLineAsync($"The run's page: {server.Address}");
        }

        TrainingResult result;
        using (var progress = new TrainProgress(console.Error))
        {
            try
            {
                result = await TrainingSession.RunAsync(options, progress, null, cancellationToken);
            }
            catch (OperationCanceledException)
            {
                progress.Dispose();
                throw new OperationCanceledException($"{options.Output}: stopped; the same command goes on from the last step.");
            }
        }

        await console.Output.WriteAsync(Text(result));
        return 0;
    }

    private static async Task<int> RefineAsync(RefinementOptions options, InvocationConfiguration console, CancellationToken cancellationToken)
    {
        RefinementResult result;
        using (var progress = new TrainProgress(console.Error))
        {
            result = await RefinementLoop.RunAsync(options, progress, cancellationToken);
        }

        foreach (RefinementRound round in result.Rounds)
        {
            await console.Output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"round {round.Number}: exactly right {round.Refine.Right:0.000} on the refine split{(round.Gained ? "" : ", no gain: taken back")}; {round.Rejected.Count} labels rejected; {round.Made.Count} of {round.Proposals.Count} changes of the policy made"));
            foreach (PolicyProposal proposal in round.Proposals)
            {
                await console.Output.WriteLineAsync(Terminal.Plain(string.Join('\n', proposal.Diff.Split('\n').Select(line => $"    {line}"))));
            }
        }

        await console.Output.WriteAsync(Text(new TrainingResult(result.Before, result.After, result.Rounds[result.Best - 1].Refine, result.Checkpoint, result.Model, 0, 0)));
        await console.Output.WriteLineAsync($"Best round: {result.Best}. Its policy: {result.Policy}");
        return 0;
    }

    private static string Text(TrainingResult result)
    {
        var text = new StringWriter(CultureInfo.InvariantCulture);
        if (result.Steps > 0)
        {
            text.WriteLine($"{result.Steps} steps{(result.LeftOut > 0 ? $", {result.LeftOut} samples left out as too long" : "")}.");
        }

        Line("test split, before", result.Before);
        Line("test split, after", result.After);
        Line("refine split, after", result.Refine);
        text.WriteLine($"Checkpoint: {result.Checkpoint}");
        text.WriteLine(result.Model is { } model ? $"For UseVisionLanguageModel: {model}" : $"For the engine: safevision convert {result.Checkpoint} FOLDER");
        return text.ToString();

        void Line(string title, VerdictMetrics? metrics)
        {
            if (metrics is not null)
            {
                text.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{title}: {metrics.Samples} verdicts, exactly right {metrics.Right:0.000} [{metrics.RightInterval[0]:0.000}, {metrics.RightInterval[1]:0.000}], always the commonest {metrics.Majority:0.000}{Share("ROC-AUC", metrics.RocAuc)}{Share("pairs both right", metrics.Flips)}{Share("reasons that name what is there", metrics.ReasonsNameWhatIsThere)}"));
            }
        }

        // A split may have no pairs, or one kind of sample only.
        static string Share(string name, double? value) => value is null ? "" : string.Create(CultureInfo.InvariantCulture, $", {name} {value:0.000}");
    }
}

/// <summary>The options of <c>safevision train</c>.</summary>
internal sealed class TrainOptions
{
    private readonly Option<string> _model = new("--model") { Description = "The folder of a checkpoint in safetensors.", Required = true };
    private readonly Option<string> _data = new("--data") { Description = "The folder of a training dataset (samples.jsonl).", Required = true };
    private readonly Option<string> _output = new("--output") { Description = "The run's folder; a run that was stopped goes on in it.", Required = true };
    private readonly Option<string?> _policy = new("--policy") { Description = "The policy of samples that name none; the model gets a token for each of its categories." };
    private readonly Option<string> _objective = new("--objective") { Description = "sft: right answers. dpo: right answers against the model's own mistakes. grpo: rewards of the model's own answers that can be checked.", DefaultValueFactory = _ => "sft" };
    private readonly Option<bool> _lora = new("--lora") { Description = "Train low-rank matrices beside frozen weights, which takes far less memory." };
    private readonly Option<int?> _rank = NumberOption.Create("--rank", "The rank of --lora; 16 unless given. Its alpha is twice that.", 1024);
    private readonly Option<bool> _vision = new("--train-vision") { Description = "Train the vision tower too; not with --lora." };
    private readonly Option<double> _epochs = new("--epochs") { Description = "How often each sample is seen.", DefaultValueFactory = _ => 1 };
    private readonly Option<int?> _steps = NumberOption.Create("--steps", "Steps of the optimiser, in place of --epochs.", 100_000_000);
    private readonly Option<int?> _rows = NumberOption.Create("--rows", "Samples computed at once; 2 unless given.", 4096);
    private readonly Option<int?> _accumulation = NumberOption.Create("--accumulation", "Batches of --rows in a step; 4 unless given.", 4096);
    private readonly Option<double?> _rate = new("--rate") { Description = "The highest learning rate. Without it 1e-4 with --lora and 2e-5 without; a tenth of it for dpo and grpo." };
    private readonly Option<double?> _share = ShareOption.Create("--share", "The part of an answer's weight that the category and the mark before the reason have, from 0 to 1; a third unless given.");
    private readonly Option<string> _weighting = new("--weighting") { Description = "verdict: --share of an answer's weight for its verdict as a whole, however long the answer is. share: for the tokens of the verdict, as the paper has it, which favours short answers. plain: all tokens alike. positional: the rule of the paper's published code.", DefaultValueFactory = _ => "verdict" };
    private readonly Option<bool> _offender = new("--weigh-offender") { Description = "Count the name of what makes a category right among the critical tokens, where the samples mark it." };
    private readonly Option<bool> _recompute = new("--recompute") { Description = "Compute layers twice in place of keeping what is in them: slower, and much less memory." };
    private readonly Option<string> _precision = new("--precision") { Description = "fp32, bf16, or auto: bf16 on a GPU.", DefaultValueFactory = _ => "auto" };
    private readonly Option<string> _device = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
    private readonly Option<int?> _seed = NumberOption.Create("--seed", "The same seed gives the same run on the same machine; 1 unless given.", int.MaxValue);
    private readonly Option<int?> _tiles = NumberOption.Create("--max-tiles", "The most tiles that an image is cut into; fewer take less memory.", 64);
    private readonly Option<int?> _length = NumberOption.Create("--max-length", "The most tokens of a sample; longer ones are left out and counted. 4096 unless given.", 1 << 20);
    private readonly Option<int?> _evaluate = NumberOption.Create("--evaluate-every", "Steps between two looks at the refine split; 100 unless given.", 100_000_000);
    private readonly Option<int?> _samples = NumberOption.Create("--evaluate-samples", "The most samples of such a look, and those that dpo looks for mistakes in; 200 unless given.", 100_000_000);
    private readonly Option<int?> _save = NumberOption.Create("--save-every", "Steps between two saved states; 100 unless given.", 100_000_000);
    private readonly Option<double?> _memory = new("--memory") { Description = "The memory that may be used, in GiB; without it, all that the machine has." };
    private readonly Option<double?> _beta = new("--beta") { Description = "How hard the model is held to what it was: 0.1 for dpo, 0.04 for grpo unless given." };
    private readonly Option<int?> _answers = NumberOption.Create("--answers", "Answers to each question for grpo; 6 unless given.", 64);
    private readonly Option<bool> _noConvert = new("--no-convert") { Description = "Leave the checkpoint as it is; safevision convert makes it ready for the engine later." };

    public TrainOptions()
    {
        _objective.AcceptOnlyFromAmong("sft", "dpo", "grpo");
        _weighting.AcceptOnlyFromAmong("verdict", "share", "plain", "positional");
        _precision.AcceptOnlyFromAmong("auto", "fp32", "bf16");
        _device.AcceptOnlyFromAmong("cpu", "cuda");
    }

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[_model, _data, _output, _policy, _objective, _lora, _rank, _vision, _epochs, _steps, _rows, _accumulation, _rate, _share, _weighting, _offender, _recompute, _precision, _device, _seed, _tiles, _length, _evaluate, _samples, _save, _memory, _beta, _answers, _noConvert])
        {
            command.Options.Add(option);
        }
    }

    public TrainingOptions Read(ParseResult parsed)
    {
        var defaults = new TrainingOptions { Model = parsed.GetValue(_model)!, Data = parsed.GetValue(_data)!, Output = parsed.GetValue(_output)! };
        int rank = parsed.GetValue(_rank) ?? 16;
        return defaults with
        {
            Policy = parsed.GetValue(_policy),
            Objective = Enum.Parse<TrainingObjective>(parsed.GetValue(_objective)!, ignoreCase: true),
            Adapter = parsed.GetValue(_lora) ? new LowRankOptions { Rank = rank, Alpha = 2 * rank } : null,
            TrainsVision = parsed.GetValue(_vision),
            Epochs = parsed.GetValue(_epochs),
            Steps = parsed.GetValue(_steps),
            Rows = parsed.GetValue(_rows) ?? defaults.Rows,
            Accumulation = parsed.GetValue(_accumulation) ?? defaults.Accumulation,
            Rate = parsed.GetValue(_rate),
            Share = parsed.GetValue(_share) ?? defaults.Share,
            Weighting = Enum.Parse<AnswerWeighting>(parsed.GetValue(_weighting)!, ignoreCase: true),
            WeighsOffender = parsed.GetValue(_offender),
            Recomputes = parsed.GetValue(_recompute),
            Precision = Enum.Parse<TrainingPrecision>(parsed.GetValue(_precision)!, ignoreCase: true),
            Device = parsed.GetValue(_device)!,
            Seed = parsed.GetValue(_seed) ?? 1,
            MaximumTiles = parsed.GetValue(_tiles),
            MaximumLength = parsed.GetValue(_length) ?? defaults.MaximumLength,
            EvaluateEvery = parsed.GetValue(_evaluate) ?? defaults.EvaluateEvery,
            EvaluateSamples = parsed.GetValue(_samples) ?? defaults.EvaluateSamples,
            SaveEvery = parsed.GetValue(_save) ?? defaults.SaveEvery,
            Memory = parsed.GetValue(_memory) is { } gibibytes ? (long)(gibibytes * (1L << 30)) : null,
            Beta = parsed.GetValue(_beta),
            Answers = parsed.GetValue(_answers) ?? defaults.Answers,
            Converts = !parsed.GetValue(_noConvert),
        };
    }
}

/// <summary>Shows how far a run is: a line of its own for each stage, with the time left.</summary>
internal sealed class TrainProgress(TextWriter error) : IProgress<TrainingProgress>, IDisposable
{
    private readonly Lock _gate = new();
    private ProgressLine? _line;
    private string? _stage;

    public void Report(TrainingProgress value)
    {
        lock (_gate)
        {
            if (value.Stage == TrainingSession.Glance)
            {
                return; // a short look in the middle of training, whose line stays
            }

            if (_stage != value.Stage)
            {
                _line?.Dispose();
                (_stage, _line) = (value.Stage, value.Total > 0 ? new ProgressLine(error, value.Total, TimeProvider.System) : null);
                error.WriteLine(value.Stage);
                _line?.Start();
            }

            _line?.Show(value.Done);
        }
    }

    public void Dispose() => _line?.Dispose();
}
