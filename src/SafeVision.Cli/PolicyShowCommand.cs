namespace SafeVision.Cli;

/// <summary><c>safevision policy show</c>: a policy as it is understood, and which labels its words mean. No network is loaded.</summary>
internal static class PolicyShowCommand
{
    public static Command Create()
    {
        var file = new Argument<string?>("file") { Description = "A policy file; without one, the starter policy.", Arity = ArgumentArity.ZeroOrOne };
        Option<string> format = ChoiceOption.Create("--format", "yaml (the policy, and below it comments phrase by phrase) or json (phrase by phrase, for scripts).", "yaml", "yaml", "json");
        var command = new Command("show", "Print a policy as it is understood, and phrase by phrase what the default models can judge of it.") { file, format };
        command.SetAction(async parsed =>
        {
            SafetyPolicy policy = PolicyOption.Read(parsed.GetValue(file));
            IReadOnlyList<CategoryCoverage> coverage = DefaultModels.CoverageOf(policy);
            TextWriter output = parsed.InvocationConfiguration.Output;
            await output.WriteAsync(parsed.GetValue(format) == "json"
                ? CoverageText.Json(policy, coverage)
                : Terminal.Plain($"{policy.ToYaml()}\n# What the default models can assess:\n{CoverageText.Comments(coverage)}"));
            return 0;
        });
        return command;
    }

    /// <summary>What a policy's author should know before it is used: excludes without effect, and categories that nothing judges.</summary>
    public static IEnumerable<string> Warnings(SafetyPolicy policy)
    {
        foreach (CategoryCoverage category in DefaultModels.CoverageOf(policy))
        {
            if (category.Level == CoverageLevel.None)
            {
                yield return $"category '{category.CategoryId}' is not assessed by the default models: no label shows what its words mean.";
            }

            // The excludes of a built-in definition are written for engines that read them; whoever wrote this file did not.
            string[] ours = HarmCategory.TryParse(category.CategoryId, out HarmCategory? known) ? [.. known.Definition.Excludes] : [];
            foreach (PhraseCoverage exclude in category.Level == CoverageLevel.None ? [] : category.CannotBeExcluded.Where(exclude => !ours.Contains(exclude.Phrase)))
            {
                yield return $"category '{category.CategoryId}': '{exclude.NotJudged}' cannot be excluded by these models, and is judged with the rest.";
            }
        }
    }
}
