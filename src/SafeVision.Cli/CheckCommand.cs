namespace SafeVision.Cli;

/// <summary><c>safevision check</c>: judges files and folders; the exit code is the strictest decision.</summary>
internal static class CheckCommand
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromSeconds(30);
    private static readonly TimeSpan s_modelTimeout = TimeSpan.FromMinutes(10); // a large model on a processor, some images at once

    private static int DefaultJobs => 2 * Environment.ProcessorCount;

    public static Command Create()
    {
        var paths = new Argument<string[]>("path") { Description = "Image files and folders; - for an image on standard input.", Arity = ArgumentArity.ZeroOrMore };
        Option<string?> policy = PolicyOption.Create();
        Option<string> format = ChoiceOption.Create("--format", "table, json (one array), ndjson (one object a line) or csv (one row an image).", "table", "table", "json", "ndjson", "csv");
        var outputFile = new Option<string?>("--output") { Description = "A file for the results, written over if it is there, instead of standard output." };
        var heatMaps = new Option<string?>("--heatmap") { Description = "A folder for heat maps of the evidence over the image, as PNG." };
        var recursive = new Option<bool>("--recursive") { Description = "Look into folders of folders too." };
        Option<string> provider = ProviderOption.Create();
        Option<int?> timeout = NumberOption.Create(
            "--timeout",
            $"The seconds that one image may take; then the policy's onFailure applies. Default: {(int)s_timeout.TotalSeconds}, with --model {(int)s_modelTimeout.TotalSeconds}.",
            most: 86_400);
        Option<int?> jobs = NumberOption.Create("--jobs", $"How many images are judged at once. Default: {DefaultJobs}, twice the processors.", most: 1024);
        var showPrompt = new Option<bool>("--show-prompt") { Description = "Print what the model of --model is asked under the policy, and judge nothing." };
        var model = new ModelOption();
        var command = new Command("check", "Judge images by a policy. Exit code: 0 allow, 2 review, 3 block (the strictest of all images), 1 error.")
        {
            paths, policy, format, outputFile, heatMaps, recursive, provider, timeout, jobs,
        };
        model.AddTo(command);
        command.Options.Add(showPrompt);
        command.Validators.Add(result =>
        {
            if (result.GetResult(paths) is not { Tokens.Count: > 0 } && !result.GetValue(showPrompt))
            {
                result.AddError("Which images? Name files or folders, or - for standard input.");
            }
        });
        command.SetAction((parsed, cancellationToken) => RunAsync(
            new CheckRequest(
                parsed.GetValue(paths)!, parsed.GetValue(policy), Enum.Parse<ReportFormat>(parsed.GetValue(format)!, ignoreCase: true),
                parsed.GetValue(outputFile), parsed.GetValue(heatMaps), parsed.GetValue(recursive), parsed.GetValue(provider)!,
                model.Read(parsed), parsed.GetValue(timeout), parsed.GetValue(jobs), parsed.GetValue(showPrompt)),
            parsed.InvocationConfiguration.Output,
            parsed.InvocationConfiguration.Error,
            cancellationToken));
        return command;
    }

    private static async Task<int> RunAsync(CheckRequest request, TextWriter output, TextWriter error, CancellationToken cancellationToken)
    {
        SafetyPolicy policy = PolicyOption.Read(request.PolicyFile);
        if (request.ShowPrompt)
        {
            return await ShowPromptAsync(request, policy, output, cancellationToken);
        }

        ImageFiles files = ImageFiles.Find(request.Paths, request.Recursive);
        HeatMapFolder? heatMaps = request.HeatMapFolder is { } folder ? new HeatMapFolder(folder, files.Paths) : null;
        using var progress = new ProgressLine(error, files.Paths.Count, TimeProvider.System);
        progress.Announce($"Loading the models and looking up the policy's {policy.Categories.Sum(category => category.Includes.Count + category.Excludes.Count)} phrases");
        await using IImageGuardrail guardrail = Create(request, policy);
        GuardrailStatus status = await guardrail.WarmUpAsync(cancellationToken);

        // Made only now, so that an error above leaves no half of an array behind.
        progress.Hide();
        progress.Start();
        await using TextWriter? file = request.OutputFile is { } path ? ResultFile.Create(path, files.Paths) : null;
        TextWriter results = file ?? output;
        using IReport report = request.Format switch
        {
            ReportFormat.Json => new JsonReport(results),
            ReportFormat.Ndjson => new NdjsonReport(results),
            ReportFormat.Csv => new CsvReport(results),
            _ => new TableReport(Terminal.Open(results), files.Paths, status),
        };

        var strictest = Decision.Allow;
        int done = 0;
        var sources = new ImageSources();
        await foreach (GuardrailResult result in guardrail.CheckManyAsync(files.Paths.Select(sources.Open).ToAsyncEnumerable(), cancellationToken))
        {
            string image = files.Paths[done++];
            strictest = result.Decision < strictest ? result.Decision : strictest;
            string? map = heatMaps is null ? null : await heatMaps.WriteAsync(image, sources.Open(image), result, cancellationToken);
            progress.Hide();
            report.Add(image, result, map);
            progress.Show(done);
        }

        progress.Hide();
        report.Complete();
        foreach (string note in new[] { files.PassedOver, heatMaps?.Failures }.OfType<string>())
        {
            await error.WriteLineAsync(Terminal.Plain(note));
        }

        return ExitCode(strictest);
    }

    /// <summary>What scripts see of a decision; 1 is an error.</summary>
    public static int ExitCode(Decision decision) => decision switch { Decision.Allow => 0, Decision.Review => 2, _ => 3 };

    private static async Task<int> ShowPromptAsync(CheckRequest request, SafetyPolicy policy, TextWriter output, CancellationToken cancellationToken)
    {
        await using IImageGuardrail guardrail = Create(request, policy);
        IReadOnlyList<string> prompts = (await guardrail.WarmUpAsync(cancellationToken)).Prompts;
        for (int i = 0; i < prompts.Count; i++)
        {
            if (prompts.Count > 1)
            {
                await output.WriteLineAsync($"--- prompt {i + 1} of {prompts.Count} ---");
            }

            await output.WriteLineAsync(Terminal.IsTerminal(output) ? Terminal.Plain(prompts[i]) : prompts[i]);
        }

        return prompts.Count > 0 ? 0 : throw new ArgumentException(request.Model is null
            ? "--show-prompt: the default models are asked nothing in words. Name a vision-language model with --model."
            : "--show-prompt: the model is asked nothing, because its protocol can be asked about no category of the policy.");
    }

    private static IImageGuardrail Create(CheckRequest request, SafetyPolicy policy)
    {
        TimeSpan timeout = request.TimeoutSeconds is { } seconds ? TimeSpan.FromSeconds(seconds) : request.Model is null ? s_timeout : s_modelTimeout;
        return ImageGuardrail.Create(builder => ProviderOption.Apply(
            ModelChoice.Apply(
                builder.UsePolicy(policy).WithTimeout(timeout).WithMaxConcurrency(request.Jobs ?? DefaultJobs), request.Model, request.HeatMapFolder is not null),
            request.Provider));
    }
}

/// <summary>What a command line of <c>safevision check</c> asks for.</summary>
internal sealed record CheckRequest(
    IReadOnlyList<string> Paths, string? PolicyFile, ReportFormat Format, string? OutputFile, string? HeatMapFolder, bool Recursive, string Provider,
    ModelChoice? Model, int? TimeoutSeconds, int? Jobs, bool ShowPrompt);
