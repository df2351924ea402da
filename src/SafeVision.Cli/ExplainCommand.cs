namespace SafeVision.Cli;

/// <summary><c>safevision explain</c>: why one image gets its decision, category by category and label by label.</summary>
internal static class ExplainCommand
{
    public static Command Create()
    {
        var image = new Argument<string>("image") { Description = "An image file; - for standard input." };
        Option<string?> policy = PolicyOption.Create();
        Option<string> provider = ProviderOption.Create();
        var command = new Command("explain", "Say why an image gets its decision: each category's score, and which labels carried it.") { image, policy, provider };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            SafetyPolicy read = PolicyOption.Read(parsed.GetValue(policy));
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder =>
                ProviderOption.Apply(builder.UsePolicy(read).UseDefaultModels(), parsed.GetValue(provider)!));
            string path = parsed.GetValue(image)!;
            GuardrailResult result = await guardrail.CheckAsync(new ImageSources().Open(path), cancellationToken);
            await WriteAsync(parsed.InvocationConfiguration.Output, path, read, result);
            return CheckCommand.ExitCode(result.Decision);
        });
        return command;
    }

    /// <summary>Writes the result for a person, one paragraph a category.</summary>
    public static async Task WriteAsync(TextWriter output, string path, SafetyPolicy policy, GuardrailResult result)
    {
        await output.WriteLineAsync(Terminal.Name($"{path}: {TableReport.Word(result.Decision)} under {policy.Name} {policy.Version}"));
        if (result.Failure is { } failure)
        {
            await output.WriteLineAsync(Terminal.Name($"  It could not be judged ({failure.Reason}): {failure.Message}"));
        }

        foreach (Finding finding in result.Findings)
        {
            await output.WriteLineAsync();
            await output.WriteLineAsync(Terminal.Name(Head(finding)));
            await output.WriteLineAsync(Terminal.Name($"  {finding.Reason}"));
            foreach (LabelEvidence label in finding.Evidence.Labels)
            {
                string weight = label.Weight < 1 ? string.Create(CultureInfo.InvariantCulture, $", counts {label.Weight:0.##}") : "";
                await output.WriteLineAsync(Terminal.Name(string.Create(
                    CultureInfo.InvariantCulture, $"  {label.Share:0.000}  {label.Label}: {Link(label)}, by the policy's '{label.Phrase}'{weight}")));
            }
        }
    }

    private static string Head(Finding finding)
    {
        string part = finding.Coverage == CoverageLevel.Partial ? ", judged in part" : "";
        return finding.Verdict == Verdict.NotAssessed
            ? $"{finding.Category}: not assessed, {TableReport.Word(finding.Decision)}"
            : string.Create(CultureInfo.InvariantCulture, $"{finding.Category}: {finding.Score:0.000}, threshold {finding.Threshold:0.00}, {TableReport.Word(finding.Decision)}{part}");
    }

    private static string Link(LabelEvidence label) => label.Relation switch
    {
        "is" => $"is {label.Word}",
        "kind of" => $"a kind of {label.Word}",
        _ => $"{label.Relation} {label.Word}",
    };
}
