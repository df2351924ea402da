using Spectre.Console.Rendering;

namespace SafeVision.Cli;

/// <summary><c>safevision convert</c>: makes a model's folder from a checkpoint.</summary>
internal static class ConvertCommand
{
    public static Command Create()
    {
        var source = new Argument<string>("source") { Description = "The checkpoint's folder: safetensors with config.json as Hugging Face serves it." };
        var destination = new Argument<string>("destination") { Description = "The folder to make. A model that is there already is replaced when the new one is whole." };
        var family = new Option<string?>("--family") { Description = $"{string.Join(", ", ModelConverter.Families)}. Without it: found out from the checkpoint." };
        var recipe = new Option<string?>("--recipe") { Description = "A JSON file with what the checkpoint does not know: id, licence, source, what labels mean." };
        var precision = new Option<string?>("--precision") { Description = $"How the weights of a vision-language model, a ViT, ConvNeXt, CLIP or SigLIP are written: {string.Join(", ", ModelConverter.Precisions)}. Without it: int8 for a vision-language model, which suits a processor, and float32 for others." };
        var calibration = new Option<string?>("--calibration") { Description = "A folder of images. A vision-language model is calibrated with them instead of drawn ones; of a classifier converted before, SOURCE, it makes one that computes in 8-bit integers, scaled by what these images give." };
        var whole = new Option<bool>("--measure-whole") { Description = "Measure what a precision loses on the whole model even where its float32 form takes more than 1.5 GiB of memory and disk." };
        var exactVision = new Option<bool>("--exact-vision") { Description = "Leave a vision-language model's vision tower in float32 where the precision rounds weights to few bits; a tile then takes two to three times as long." };
        var attention = new Option<string>("--attention") { Description = $"How a vision-language model's decoder attends: {string.Join(", ", ModelConverter.Attentions)}. The first is faster.", DefaultValueFactory = _ => "grouped" };
        var adapter = new Option<string?>("--lora") { Description = "The folder of a LoRA adapter (peft's adapter_config.json and adapter_model.safetensors) to merge into a vision-language model's weights." };
        var paperTokens = new Option<bool>("--add-tokens") { Description = "Give a vision-language model's vocabulary the tokens of SafeVision's answers: <|SAFE|>, one for each kind of harm, <|REASON|>. Those it has are left alone." };
        var tokens = new Option<string[]>("--add-token") { Description = "One more token, as <|Name|> or <|Name|>=plain words; its rows begin as the mean of the words' rows. Can be given several times.", DefaultValueFactory = _ => [] };
        var command = new Command("convert", "Convert a checkpoint to ONNX, check it against a reference computation, and write its manifest.")
        {
            source, destination, family, recipe, precision, calibration, whole, exactVision, attention, adapter, paperTokens, tokens,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new ConversionOptions
            {
                Source = parsed.GetValue(source)!,
                Destination = parsed.GetValue(destination)!,
                Family = parsed.GetValue(family),
                Recipe = parsed.GetValue(recipe) is { } file ? ConversionRecipe.Read(file) : new ConversionRecipe(),
                Precision = parsed.GetValue(precision) ?? ModelConverter.PrecisionFor(parsed.GetValue(source)!, parsed.GetValue(family)),
                Calibration = parsed.GetValue(calibration),
                Attention = parsed.GetValue(attention)!,
                MeasureWhole = parsed.GetValue(whole),
                ExactVision = parsed.GetValue(exactVision),
                Adapter = parsed.GetValue(adapter),
                NewTokens = [.. parsed.GetValue(paperTokens) ? NewToken.SafeVision : [], .. parsed.GetValue(tokens)!.Select(NewToken.Parse)],
            },
            parsed.InvocationConfiguration.Output,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(ConversionOptions options, TextWriter output, CancellationToken cancellationToken)
    {
        ConversionResult result = await ConvertProgress.RunAsync(progress => ModelConverter.ConvertAsync(options, progress, cancellationToken));
        await output.WriteLineAsync(FormattableString.Invariant(
            $"{options.Destination}: {result.Manifest.Id} ({result.Family}), {result.Manifest.Bytes / 1e6:0.0} MB, sha256 {result.Manifest.Sha256}"));
        if (result.LargestDifference is { } difference)
        {
            await output.WriteLineAsync(FormattableString.Invariant(
                $"ONNX Runtime and a reference computation of the network differ by {difference:0.0e+0} at most."));
        }

        await output.WriteAsync(Loss(result.Manifest));
        return 0;
    }

    /// <summary>What the rounding of a model's weights cost, as a line; empty where nothing was rounded.</summary>
    public static string Loss(ModelManifest manifest) => manifest.Converted?.PrecisionLoss is not { } loss ? "" : FormattableString.Invariant(
        $"{manifest.Converted.Options["precision"]} against float32 ({loss.Scope}; {loss.Positions} places): logits differ by {loss.MeanLogitDifference:0.000} on average and {loss.LargestLogitDifference:0.000} at most, where they vary by {loss.LogitDeviation:0.000}; the likeliest answer is the same at {loss.TopAgreement:0.0%}{Describe(manifest.Kind, loss.ImageFeatureError)}{Answers(loss)}.\n");

    private static string Answers(PrecisionLoss loss) => loss.Questions == 0 ? "" : FormattableString.Invariant(
        $"; the same answer to {loss.AnswerAgreement * loss.Questions:0} of {loss.Questions} of the guard's questions, whose shares differ by {loss.LargestShareDifference:0.000} at most");

    private static string Describe(string kind, double? imageFeatureError) =>
        kind == "imageClassifier" ? ""
        : imageFeatureError is { } error ? FormattableString.Invariant($"; image features: off by {error:0.0%}")
        : "; image features: not measured, for the float32 vision tower is too large (--measure-whole)";
}

/// <summary>Converts, with a progress bar for each stage on standard error where that is a terminal.</summary>
internal static class ConvertProgress
{
    public static async Task<T> RunAsync<T>(Func<IProgress<ConversionProgress>?, Task<T>> work)
    {
        if (Console.IsErrorRedirected)
        {
            return await work(null);
        }

        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) });
        ProgressColumn[] columns = [new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new AmountColumn(), new RemainingTimeColumn()];
        return await console.Progress().AutoClear(true).Columns(columns).StartAsync(context => work(new Bars(context)));
    }

    /// <summary>How much of a stage is done, in the stage's own unit.</summary>
    private sealed class AmountColumn : ProgressColumn
    {
        private readonly DownloadedColumn _bytes = new();

        public override IRenderable Render(RenderOptions options, ProgressTask task, TimeSpan deltaTime) => task.Description switch
        {
            nameof(ConversionStage.Verifying) => new Text($"{task.Value}/{task.MaxValue} layers"),
            nameof(ConversionStage.Measuring) or nameof(ConversionStage.Calibrating) => new Text($"{task.Value}/{task.MaxValue} steps"),
            _ => _bytes.Render(options, task, deltaTime),
        };
    }

    /// <summary>One bar a stage, made when the stage begins.</summary>
    private sealed class Bars(ProgressContext context) : IProgress<ConversionProgress>
    {
        private readonly Dictionary<ConversionStage, ProgressTask> _tasks = [];

        public void Report(ConversionProgress value)
        {
            if (!_tasks.TryGetValue(value.Stage, out ProgressTask? task))
            {
                _tasks[value.Stage] = task = context.AddTask($"{value.Stage}", maxValue: Math.Max(value.Total, 1));
            }

            task.Value = value.Done;
        }
    }
}
