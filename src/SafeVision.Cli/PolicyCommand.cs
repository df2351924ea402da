using System.CommandLine;
using SafeVision.Cli.Output;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary><c>safevision policy validate|show|new|schema|test</c>.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "Check, explain, try and start policies.") { Validate(), Show(), New(), Schema(), PolicyTestCommand.Create() };

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
                    SafetyPolicy policy = PolicyOption.Read(path);
                    parsed.InvocationConfiguration.Output.WriteLine(Terminal.Name(
                        $"{path}: valid. {policy.Name} {policy.Version}, {policy.Categories.Count} {(policy.Categories.Count == 1 ? "category" : "categories")}, sha256 {policy.ContentHash}"));
                }
                catch (Exception exception) when (exception is PolicyException or IOException)
                {
                    parsed.InvocationConfiguration.Error.WriteLine(Terminal.Plain(exception.Message));
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
            SafetyPolicy policy = PolicyOption.Read(parsed.GetValue(file));
            await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder.UsePolicy(policy).UseDefaultModels());
            GuardrailStatus status = await guardrail.WarmUpAsync(cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteAsync(Terminal.Plain(
                $"{policy.ToYaml()}\n# What the default models can assess:\n{CoverageText.Comments(status.Coverage)}"));
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
            string path = parsed.GetValue(file)!;
            try
            {
                using var writer = new StreamWriter(new FileStream(path, FileMode.CreateNew));
                writer.Write(StarterPolicy.Text(parsed.GetValue(all)));
            }
            catch (IOException) when (File.Exists(path))
            {
                throw new IOException($"{path} exists already and was left as it is; name another file.");
            }

            parsed.InvocationConfiguration.Output.WriteLine(Terminal.Name($"{path}: written. Change its words, then try: safevision check --policy {path} IMAGES"));
            return 0;
        });
        return command;
    }

    private static Command Schema()
    {
        var command = new Command("schema", "Print the JSON Schema of policy files, for completion in editors.");
        command.SetAction(parsed =>
        {
            parsed.InvocationConfiguration.Output.WriteLine(SafetyPolicy.JsonSchema);
            return 0;
        });
        return command;
    }
}
