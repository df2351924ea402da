namespace SafeVision.Cli;

/// <summary><c>safevision tune</c>: sets a policy's thresholds on a dataset's calibration split, with a promise.</summary>
internal static class TuneCommand
{
    /// <summary>The exit code where a category has no promise; 0, 2 and 3 are decisions elsewhere, and 1 is an error.</summary>
    private const int NotAllPromised = 4;

    public static Command Create()
    {
        var defaults = new TuningOptions();
        Option<string?> policy = PolicyOption.Create();
        var data = new Option<string>("--data") { Description = "A dataset: its folder, a CSV or samples.jsonl.", Required = true };
        var output = new Option<string?>("--out") { Description = "The policy file to write; it must not exist. Default: the policy's name with .tuned.yaml." };
        var run = new Option<string?>("--run") { Description = "A folder that keeps the answers, so that a stopped run goes on and another promise costs nothing." };
        Option<double?> prevalence = ShareOption.Create("--prevalence", $"The share of images to which a category applies where the guardrail will work. Default: {defaults.Prevalence}.");
        Option<double?> maxMiss = ShareOption.Create("--max-miss", $"The greatest share of a category's images that may stay below review. Default: {defaults.MaximumMissRate}.");
        Option<double?> maxFalseBlock = ShareOption.Create("--max-false-block", "The greatest share of other images that may be blocked. Without it, block thresholds stay, but not below review.");
        Option<double?> confidence = ShareOption.Create("--confidence", $"How sure the promises are. Default: {defaults.Confidence}.");
        var onAverage = new Option<bool>("--on-average") { Description = "Promise misses on average over calibration sets only, which takes fewer images and may be broken by this one." };
        Option<string> source = ChoiceOption.Create("--calibrate-on", "calibration: that split; validation: that split; dealt: half of the samples without a split; automatic: the first that is there, validation left out.", "automatic", "calibration", "validation", "dealt", "automatic");
        Option<string> provider = ProviderOption.Create();
        var model = new ModelOption();
        var reading = new DatasetOptions();
        var command = new Command("tune", "Set a policy's thresholds on a dataset, with a promise of what they miss. Exit code: 0 all promised, 4 a category has no promise or the test split speaks against it, 1 error.")
        {
            policy, data, output, run, prevalence, maxMiss, maxFalseBlock, confidence, onAverage, source, provider,
        };
        model.AddTo(command);
        reading.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(onAverage) && result.GetResult(confidence) is { Implicit: false })
            {
                result.AddError("--on-average promises without a confidence, so --confidence has no place beside it.");
            }
        });
        command.SetAction(async (parsed, cancellationToken) =>
        {
            // Said before an hour of work, not after it.
            string file = parsed.GetValue(output) ?? Path.ChangeExtension(parsed.GetValue(policy) ?? "starter", ".tuned.yaml");
            ResultFile.ThrowIfThere(file);
            SafetyPolicy before = PolicyOption.Read(parsed.GetValue(policy));
            EvaluationDataset dataset = DatasetReader.Read(parsed.GetValue(data)!, reading.Read(parsed), cancellationToken);
            TextWriter error = parsed.InvocationConfiguration.Error;
            if (dataset.ProblemCount > 0)
            {
                await error.WriteLineAsync(Terminal.Name($"{dataset.ProblemCount} problems in the dataset, the first: {dataset.Problems[0].Where}: {dataset.Problems[0].Message}"));
            }

            var options = new TuningOptions
            {
                Prevalence = parsed.GetValue(prevalence) ?? defaults.Prevalence,
                MaximumMissRate = parsed.GetValue(maxMiss) ?? defaults.MaximumMissRate,
                MaximumFalseBlockRate = parsed.GetValue(maxFalseBlock),
                Confidence = parsed.GetValue(onAverage) ? null : parsed.GetValue(confidence) ?? defaults.Confidence,
                Source = Enum.Parse<CalibrationSource>(parsed.GetValue(source)!, ignoreCase: true),
            };
            await using IImageGuardrail guardrail = MeasuringGuardrail.Create(before, model.Read(parsed), parsed.GetValue(provider)!);
            TuningResult result;
            using (var progress = new EvaluateProgress(error, "Judging"))
            {
                result = await ThresholdTuner.RunAsync(guardrail, dataset, options, parsed.GetValue(run), progress, cancellationToken);
            }

            ResultFile.WriteNew(file, result.ToYaml());
            await TuneReport.WriteAsync(parsed.InvocationConfiguration.Output, before, result, file);
            return result.IsComplete ? 0 : NotAllPromised;
        });
        return command;
    }
}
