namespace SafeVision.Cli;

/// <summary><c>safevision models</c>: what is in the package.</summary>
internal static class ModelsCommand
{
    public static Command Create()
    {
        var folders = new Argument<string[]>("folder") { Description = "Model folders; without any, the default models.", Arity = ArgumentArity.ZeroOrMore };
        var coverage = new Option<bool>("--coverage") { Description = "Instead: which phrases of the built-in categories the default models see, as Markdown." };
        var model = new Option<string?>("--model") { Description = "Instead: the files of a vision-language model (a folder or a pulled name) with their hashes; with --coverage, what its protocol can be asked about." };
        var command = new Command("models", "List models: what each can assess, its size, hash, licence and source; the default ones, or those in folders. Exit code: 0 done, 1 error.") { folders, coverage, model };
        command.Subcommands.Add(PullCommand.Create());
        command.Subcommands.Add(PulledModelsCommand.CreateList());
        command.Subcommands.Add(PulledModelsCommand.CreateVerify());
        command.Subcommands.Add(PulledModelsCommand.CreateRemove());
        command.SetAction(async (parsed, cancellationToken) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            ModelChoice? choice = parsed.GetValue(model) is { } folder ? new ModelChoice(folder, VisionLanguageMode.Fast, null, null, null, LooksOnce: false, WithDefaultModels: false) : null;
            if (parsed.GetValue(coverage))
            {
                await output.WriteAsync(CoverageText.Markdown(await CoverageAsync(choice, cancellationToken)));
                return 0;
            }

            if (choice is not null)
            {
                await output.WriteAsync(await FilesAsync(choice, cancellationToken));
                return 0;
            }

            IAnsiConsole console = Terminal.Open(output);
            foreach (ModelPackage model in Named(parsed.GetValue(folders)!))
            {
                Print(console, model.Manifest);
            }

            return 0;
        });
        return command;
    }

    /// <summary>The models in these folders; the default ones where none is named.</summary>
    public static IReadOnlyList<ModelPackage> Named(IReadOnlyCollection<string> folders) =>
        folders.Count == 0 ? DefaultModels.All : [.. folders.Select(ModelPackage.Open)];

    /// <summary>What is seen of each built-in category. One at a time: all in one prompt may be more than a model takes.</summary>
    private static async Task<IReadOnlyList<CategoryCoverage>> CoverageAsync(ModelChoice? choice, CancellationToken cancellationToken)
    {
        var coverage = new List<CategoryCoverage>();
        SafetyPolicy[] policies = [.. HarmCategory.All.Where(category => category != HarmCategory.Safe).Select(category => SafetyPolicy.Define("coverage", "1").Category(category).Build())];
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => ModelChoice.Apply(builder.UsePolicy(policies[0]), choice));
        foreach (SafetyPolicy policy in policies)
        {
            await guardrail.UpdatePolicyAsync(policy, cancellationToken);
            coverage.AddRange(guardrail.Status.Coverage);
        }

        return coverage;
    }

    private static async Task<string> FilesAsync(ModelChoice choice, CancellationToken cancellationToken)
    {
        SafetyPolicy policy = SafetyPolicy.Define("files", "1").Category("anything", category => category.Includes("anything")).Build();
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => ModelChoice.Apply(builder.UsePolicy(policy), choice));
        GuardrailStatus status = await guardrail.WarmUpAsync(cancellationToken);
        return string.Concat(status.Models.Select(file => $"{Terminal.Name(file.Model)}  {file.Sha256}  on {file.Provider}\n"));
    }

    private static void Print(IAnsiConsole console, ModelManifest manifest)
    {
        string[] mapped = [.. manifest.Categories.Values.SelectMany(categories => categories.Keys).Distinct()];
        string[] full = [.. mapped.Intersect(manifest.FullCategories)];
        string[] part = [.. mapped.Except(manifest.FullCategories)];
        string categories = manifest.Kind switch
        {
            "taxonomy" => "none by itself: it says which labels of the others a policy's words mean",
            "contrastive" => "any, by the policy's words, which it compares with images",
            "classifierHead" => "those that its labels mean, by the policy's words, in drawings alone",
            _ => string.Join("; ", new[] { List("whole: ", full), List("in part: ", part), "those that its labels mean, by the policy's words" }.Where(text => text.Length > 0)),
        };

        console.WriteLine(Terminal.Name(manifest.Id), new Style(decoration: Decoration.Bold));
        var grid = new Grid().AddColumn(new GridColumn { Width = 12, Padding = new Padding(2, 0, 1, 0) }).AddColumn(new GridColumn { Padding = new Padding(0) });
        foreach ((string name, string value) in new (string, string)[]
        {
            ("tells", manifest.Description),
            ("categories", categories),
            ("labels", manifest.Labels.Count == 0 ? "none" : $"{manifest.Labels.Count}"),
            ("size", FormattableString.Invariant($"{manifest.Bytes / 1e6:0.0} MB")),
            ("sha256", manifest.Sha256),
            ("licence", manifest.License),
            ("source", manifest.Source),
        })
        {
            grid.AddRow(new Text(name), new Text(Terminal.Name(value)));
        }

        console.Write(grid);
        console.WriteLine();
    }

    private static string List(string title, string[] categories) => categories.Length == 0 ? "" : title + string.Join(", ", categories);
}
