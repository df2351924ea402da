namespace SafeVision.Cli;

/// <summary><c>safevision policy validate|show|new|schema|test</c>.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "Check, explain, try and start policies.") { Validate(), PolicyShowCommand.Create(), New(), Schema(), PolicyTestCommand.Create() };

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
                    foreach (string warning in PolicyShowCommand.Warnings(policy))
                    {
                        parsed.InvocationConfiguration.Error.WriteLine(Terminal.Name($"{path}: warning: {warning}"));
                    }
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

    private static Command New()
    {
        var file = new Argument<string?>("file") { Description = "The file to write; it must not exist. Without it the policy is printed.", Arity = ArgumentArity.ZeroOrOne };
        var all = new Option<bool>("--all") { Description = "All nine built-in categories, not only those that the default models assess." };
        var from = new Option<string?>("--from") { Description = "A simple sentence to draft it from, such as \"no dogs, except poodles\"." };
        var command = new Command("new", "Write a policy to start from.") { file, all, from };
        command.SetAction(parsed =>
        {
            string text = parsed.GetValue(from) is { } sentence ? PolicySentence.Draft(sentence) : StarterPolicy.Text(parsed.GetValue(all));
            SafetyPolicy.Parse(text); // a draft that is no policy says so before a file is there
            if (parsed.GetValue(file) is not { } path)
            {
                parsed.InvocationConfiguration.Output.Write(text);
                return 0;
            }

            ResultFile.WriteNew(path, text);
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
