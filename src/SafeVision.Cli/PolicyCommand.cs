using System.CommandLine;
using SafeVision.Assessments;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary><c>safevision policy validate|show|new</c>.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "Check, explain and start policies.") { Validate(), Show(), New() };

    private static Command Validate()
    {
        var file = new Argument<string[]>("file") { Description = "Policy files.", Arity = ArgumentArity.OneOrMore };
        var command = new Command("validate", "Say whether policy files are valid, and what is wrong where.") { file };
        command.SetAction(parsed =>
        {
            bool valid = true;
            foreach (string path in parsed.GetValue(file)!)
            {
                try
                {
                    SafetyPolicy policy = SafetyPolicy.FromFile(path);
                    Console.WriteLine($"{path}: valid. {policy.Name} {policy.Version}, {policy.Categories.Count} categories, hash {policy.ContentHash}");
                }
                catch (PolicyException exception)
                {
                    Console.Error.WriteLine(exception.Message);
                    valid = false;
                }
            }

            return valid ? 0 : CommandErrors.Error;
        });
        return command;
    }

    private static Command Show()
    {
        var file = new Argument<string?>("file") { Description = "A policy file; without one, the starter policy.", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("show", "Print a policy as it is understood, and what of it the default models can assess.") { file };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            SafetyPolicy policy = parsed.GetValue(file) is { } path ? SafetyPolicy.FromFile(path) : SafetyPolicy.Starter;
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
            GuardrailStatus status = await guardrail.WarmUpAsync(cancellationToken);
            Console.WriteLine(policy.ToYaml());
            Console.WriteLine("# What the default models can assess:");
            foreach (CategoryCoverage coverage in status.Coverage)
            {
                Console.WriteLine($"#   {coverage.CategoryId}: {coverage.Level.ToString().ToLowerInvariant()}");
                foreach (CoveredPhrase phrase in coverage.Covered)
                {
                    Console.WriteLine(FormattableString.Invariant($"#     '{phrase.Phrase}' by {string.Join(", ", phrase.Labels.Take(4))}{(phrase.Labels.Count > 4 ? ", …" : "")} ({phrase.Similarity:0.00})"));
                }

                foreach (string phrase in coverage.Uncovered)
                {
                    Console.WriteLine($"#     '{phrase}' by nothing");
                }
            }

            return 0;
        });
        return command;
    }

    private static Command New()
    {
        var file = new Argument<string>("file") { Description = "The file to write; it must not exist." };
        var all = new Option<bool>("--all") { Description = "All nine built-in categories, not only those that the default models assess." };
        var command = new Command("new", "Write a policy to start from.") { file, all };
        command.SetAction(parsed =>
        {
            SafetyPolicy policy = parsed.GetValue(all)
                ? HarmCategory.All.Where(category => category != HarmCategory.Safe)
                    .Aggregate(SafetyPolicy.Define("my-policy", "1"), (builder, category) => builder.Category(category)).Build()
                : SafetyPolicy.Starter;
            string path = parsed.GetValue(file)!;
            using (var stream = new FileStream(path, FileMode.CreateNew))
            using (var writer = new StreamWriter(stream))
            {
                writer.Write(policy.ToYaml());
            }

            Console.WriteLine($"{path}: written. Change its words, then try: safevision check --policy {path} IMAGES");
            return 0;
        });
        return command;
    }
}
