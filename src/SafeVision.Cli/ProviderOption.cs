using System.CommandLine;
using SafeVision.Inference;

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

    public static Option<string> Create()
    {
        var option = new Option<string>("--provider")
        {
            Description = "Where models run: cpu, cuda, directml, or auto (the best one that is here).",
            DefaultValueFactory = _ => "auto",
        };
        option.AcceptOnlyFromAmong("cpu", "cuda", "directml", "auto");
        return option;
    }

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
