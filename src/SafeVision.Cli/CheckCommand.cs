using System.CommandLine;
using SafeVision.Cli.Output;
using SafeVision.Policies;

namespace SafeVision.Cli;

/// <summary><c>safevision check</c>: judges files and folders; the exit code is the strictest decision.</summary>
internal static class CheckCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("path") { Description = "Image files and folders; - for an image on standard input.", Arity = ArgumentArity.OneOrMore };
        var policy = new Option<string?>("--policy") { Description = "A policy file (YAML or JSON). Without it: the built-in starter policy." };
        var format = new Option<string>("--format") { Description = "table, json (one array) or ndjson (one object a line).", DefaultValueFactory = _ => "table" };
        format.AcceptOnlyFromAmong("table", "json", "ndjson");
        var heatMaps = new Option<string?>("--heatmap") { Description = "A folder for pictures of the evidence: heat over the image, as PNG." };
        var recursive = new Option<bool>("--recursive") { Description = "Look into folders of folders too." };
        Option<string> provider = ProviderOption.Create();
        var command = new Command("check", "Judge images by a policy. Exit code: 0 allow, 2 review, 3 block (the strictest of all images), 1 error.")
        {
            paths, policy, format, heatMaps, recursive, provider,
        };
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new CheckRequest(
                parsed.GetValue(paths)!, parsed.GetValue(policy), Enum.Parse<ReportFormat>(parsed.GetValue(format)!, ignoreCase: true),
                parsed.GetValue(heatMaps), parsed.GetValue(recursive), parsed.GetValue(provider)!),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CheckRequest request, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        SafetyPolicy policy = PolicyOption.Read(request.PolicyFile);
        ImageFiles files = ImageFiles.Find(request.Paths, request.Recursive);
        HeatMapFolder? heatMaps = request.HeatMapFolder is { } folder ? new HeatMapFolder(folder, files.Paths) : null;
        using var progress = new ProgressLine(error, files.Paths.Count, TimeProvider.System);
        progress.Announce("Loading the models");
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => ProviderOption.Apply(builder.UsePolicy(policy).UseDefaultModels(), request.Provider));
        GuardrailStatus status = await guardrail.WarmUpAsync(cancellationToken);

        // Made only now, so that an error above leaves no half of an array behind.
        progress.Hide();
        progress.Start();
        using IReport report = request.Format switch
        {
            ReportFormat.Json => new JsonReport(output),
            ReportFormat.Ndjson => new NdjsonReport(output),
            _ => new TableReport(Terminal.Open(output), files.Paths),
        };

        var strictest = Decision.Allow;
        int done = 0;
        var sources = new ImageSources();
        await foreach (GuardrailResult result in guardrail.CheckManyAsync(files.Paths.Select(sources.Open).ToAsyncEnumerable(), cancellationToken))
        {
            string path = files.Paths[done++];
            strictest = result.Decision < strictest ? result.Decision : strictest;
            string? picture = heatMaps is null ? null : await heatMaps.WriteAsync(path, sources.Open(path), result, cancellationToken);
            progress.Hide();
            report.Add(path, result, picture);
            progress.Show(done);
        }

        progress.Hide();
        report.Complete(status);
        if (files.PassedOver > 0)
        {
            await error.WriteLineAsync($"{files.PassedOver} {(files.PassedOver == 1 ? "file is no image and was" : "files are no images and were")} not checked.");
        }

        return strictest switch { Decision.Allow => 0, Decision.Review => 2, _ => 3 };
    }
}
