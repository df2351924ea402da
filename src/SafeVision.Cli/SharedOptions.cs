namespace SafeVision.Cli;

/// <summary><c>--provider cpu|cuda|directml|auto</c>.</summary>
internal static class ProviderOption
{
    private static readonly Dictionary<string, ExecutionProvider> Providers = new(StringComparer.OrdinalIgnoreCase)
    {
        ["cpu"] = ExecutionProvider.Cpu,
        ["cuda"] = ExecutionProvider.Cuda,
        ["directml"] = ExecutionProvider.DirectML,
    };

    public static Option<string> Create() =>
        ChoiceOption.Create("--provider", "Where models run: cpu, cuda, directml, or auto (the best one that is here).", "auto", "cpu", "cuda", "directml", "auto");

    /// <summary>A provider that was named is required; auto takes the best one that is here.</summary>
    public static ExecutionOptions Options(string value) => Providers.TryGetValue(value, out ExecutionProvider? provider)
        ? new ExecutionOptions { Providers = [provider], Required = true }
        : new ExecutionOptions { Providers = [.. Available(), ExecutionProvider.Cpu] };

    public static ImageGuardrailBuilder Apply(ImageGuardrailBuilder builder, string value)
    {
        ExecutionOptions options = Options(value);
        return options.Required
            ? builder.RequireExecutionProvider(options.Providers[0])
            : builder.PreferExecutionProviders([.. options.Providers]);
    }

    private static IEnumerable<ExecutionProvider> Available()
    {
        string[] here = [.. ProviderCatalog.Discover().Select(device => device.Provider)];
        return new[] { ExecutionProvider.Cuda, ExecutionProvider.DirectML }.Where(provider => here.Contains(provider.RuntimeName));
    }
}

/// <summary>The policy that a command line names.</summary>
internal static class PolicyOption
{
    public static Option<string?> Create() => new("--policy") { Description = "A policy file (YAML or JSON). Without it: the built-in starter policy." };

    /// <summary>The policy in the file, or the starter policy where none is named.</summary>
    /// <exception cref="PolicyException">It is invalid or can't be read.</exception>
    public static SafetyPolicy Read(string? path) => path is null ? SafetyPolicy.Starter : SafetyPolicy.FromFile(path);
}

/// <summary>An option that takes one of a few words.</summary>
internal static class ChoiceOption
{
    /// <summary>An option for one of some words; <paramref name="usual"/> stands where the command line does not have it.</summary>
    public static Option<string> Create(string name, string description, string usual, params string[] words)
    {
        var option = new Option<string>(name) { Description = description, DefaultValueFactory = _ => usual };
        option.AcceptOnlyFromAmong(words);
        return option;
    }
}

/// <summary>An option that takes a whole number within bounds.</summary>
internal static class NumberOption
{
    /// <summary>An option for 1 to <paramref name="most"/>; null where the command line does not have it.</summary>
    public static Option<int?> Create(string name, string description, int most)
    {
        var option = new Option<int?>(name) { Description = description };
        option.Validators.Add(result =>
        {
            if (result.Tokens is [var token] && !(int.TryParse(token.Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= 1 && number <= most))
            {
                result.AddError($"{name} must be a whole number from 1 to {most}, but is '{token.Value}'.");
            }
        });
        return option;
    }
}

/// <summary>An option that takes a share of a whole.</summary>
internal static class ShareOption
{
    /// <summary>An option for a number above 0 and below 1; null where the command line does not have it.</summary>
    public static Option<double?> Create(string name, string description)
    {
        var option = new Option<double?>(name)
        {
            Description = description,
            CustomParser = result =>
            {
                string text = result.Tokens[0].Value;
                if (double.TryParse(text, NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent, CultureInfo.InvariantCulture, out double share) && share is > 0 and < 1)
                {
                    return share;
                }

                result.AddError($"{name} must be a share above 0 and below 1, such as 0.05, but is '{text}'.");
                return null;
            },
        };
        return option;
    }
}
