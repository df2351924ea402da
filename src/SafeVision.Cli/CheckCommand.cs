using System.CommandLine;
using SafeVision.Cli.Output;
using SafeVision.Policies;
using Spectre.Console;

namespace SafeVision.Cli;

/// <summary><c>safevision check</c>: judges files and folders; the exit code is the strictest decision.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("path") { Description = "Image files and folders.", Arity = ArgumentArity.OneOrMore };
        var policy = new Option<string?>("--policy") { Description = "A policy file (YAML or JSON). Without it: the built-in starter policy." };
        var format = new Option<ReportFormat>("--format") { Description = "table, json (one array) or ndjson (one object a line).", DefaultValueFactory = _ => ReportFormat.Table };
        var heatMaps = new Option<string?>("--heatmap") { Description = "A folder for pictures of the evidence: heat over the image, as PNG." };
        var recursive = new Option<bool>("--recursive") { Description = "Look into folders of folders too." };
        Option<string> provider = ProviderOption.Create();
        var command = new Command("check", "Judge images by a policy. Exit code: 0 allow, 2 review, 3 block (the strictest of all images), 1 error.")
        {
            paths, policy, format, heatMaps, recursive, provider,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            parsed.GetValue(paths)!, parsed.GetValue(policy), parsed.GetValue(format), parsed.GetValue(heatMaps),
            parsed.GetValue(recursive), parsed.GetValue(provider)!, cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(
        string[] paths, string? policyFile, ReportFormat format, string? heatMaps, bool recursive, string provider, CancellationToken cancellationToken)
    {
        SafetyPolicy policy = policyFile is null ? SafetyPolicy.Starter : SafetyPolicy.FromFile(policyFile);
        (IReadOnlyList<string> files, int passedOver) = ImageFiles.Expand(paths, recursive);
        if (files.Count == 0)
        {
            throw new FileNotFoundException($"No image was found in {string.Join(", ", paths)}{(recursive ? "" : "; --recursive looks into folders of folders")}.");
        }

        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => ProviderOption.Apply(builder.UsePolicy(policy).UseDefaultModels(), provider));
        HeatMapFolder? folder = heatMaps is null ? null : new HeatMapFolder(heatMaps);
        using IReport report = format switch
        {
            ReportFormat.Json => new JsonReport(Console.Out),
            ReportFormat.Ndjson => new NdjsonReport(Console.Out),
            _ => new TableReport(AnsiConsole.Console),
        };

        var strictest = Decision.Allow;
        await foreach ((string path, GuardrailResult result) in CheckProgress.RunAsync(guardrail, files, cancellationToken))
        {
            strictest = result.Decision < strictest ? result.Decision : strictest;
            string? picture = folder is null ? null : await folder.WriteAsync(path, result, cancellationToken);
            report.Add(path, result, picture);
        }

        report.Complete(guardrail.Status);
        if (passedOver > 0)
        {
            await Console.Error.WriteLineAsync($"{passedOver} {(passedOver == 1 ? "file has" : "files have")} no image's extension and {(passedOver == 1 ? "was" : "were")} not checked; name such a file itself to check it.");
        }

        return strictest switch { Decision.Allow => 0, Decision.Review => 2, _ => 3 };
    }
}
