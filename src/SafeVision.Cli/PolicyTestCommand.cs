namespace SafeVision.Cli;

/// <summary><c>safevision policy test</c>: a team's own cases as the unit tests of its policy.</summary>
internal static class PolicyTestCommand
{
    /// <summary>The exit code when cases failed; 0, 2 and 3 are decisions elsewhere, and 1 is an error.</summary>
    private const int Failed = 4;

    public static Command Create()
    {
        var file = new Argument<string>("policy") { Description = "A policy file." };
        var folder = new Argument<string>("cases") { Description = "A folder of images with YAML files of what is expected, or with the folders allow, review and block." };
        Option<string> format = ChoiceOption.Create("--format", "text, json (one array) or junit (for build servers).", "text", "text", "json", "junit");
        Option<string> provider = ProviderOption.Create();
        var model = new ModelOption();
        var command = new Command("test", "Try a policy on your own cases. Exit code: 0 all passed, 4 some failed, 1 error.") { file, folder, format, provider };
        model.AddTo(command);
        command.SetAction(async (parsed, cancellationToken) =>
        {
            SafetyPolicy policy = PolicyOption.Read(parsed.GetValue(file));
            IReadOnlyList<PolicyCase> cases = PolicyCases.Load(parsed.GetValue(folder)!);
            await using IImageGuardrail guardrail = MeasuringGuardrail.Create(policy, model.Read(parsed), parsed.GetValue(provider)!);
            IReadOnlyList<PolicyCaseResult> results;
            using (var progress = new EvaluateProgress(parsed.InvocationConfiguration.Error, "Trying the cases"))
            {
                results = await PolicyTester.RunAllAsync(guardrail, policy, cases, progress, cancellationToken);
            }

            TextWriter output = parsed.InvocationConfiguration.Output;
            switch (parsed.GetValue(format))
            {
                case "json":
                    await CaseReports.WriteJsonAsync(output, results);
                    break;
                case "junit":
                    await CaseReports.WriteJUnitAsync(output, policy, results);
                    break;
                default:
                    await WriteTextAsync(output, results);
                    break;
            }

            return results.All(result => result.Passed) ? 0 : Failed;
        });
        return command;
    }

    private static async Task WriteTextAsync(TextWriter output, IReadOnlyList<PolicyCaseResult> results)
    {
        foreach (PolicyCaseResult result in results)
        {
            await output.WriteLineAsync(Terminal.Name($"{(result.Passed ? "passed" : "FAILED")}  {result.Case.Name}"));
            if (!result.Passed)
            {
                await output.WriteLineAsync(Terminal.Name($"        {result.Message}"));
            }
        }

        int passed = results.Count(result => result.Passed);
        await output.WriteLineAsync($"\n{results.Count} cases: {passed} passed, {results.Count - passed} failed.");
    }
}
