namespace SafeVision.Cli;

/// <summary><c>safevision doctor</c>: whether this machine computes what the models' makers measured.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var folders = new Argument<string[]>("folder") { Description = "Model folders; without any, the default models.", Arity = ArgumentArity.ZeroOrMore };
        Option<string> provider = ProviderOption.Create();
        var command = new Command("doctor", "Show the providers found, check the models' files against their hashes, and run their golden inputs on this machine.") { folders, provider };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            await output.WriteLineAsync($"machine   {RuntimeInformation.OSDescription} {RuntimeInformation.OSArchitecture}, {Environment.ProcessorCount} cores, .NET {Environment.Version}, ONNX Runtime {OnnxRuntime.Version}");
            foreach (ProviderDevice device in ProviderCatalog.Discover())
            {
                await output.WriteLineAsync($"provider  {device.Provider} on {device.Kind} ({Terminal.Name(device.Vendor)})");
            }

            ExecutionOptions options = ProviderOption.Options(parsed.GetValue(provider)!);
            bool sound = true;
            foreach (Func<ModelPackage> open in Models(parsed.GetValue(folders)!))
            {
                (string finding, bool isSound) = await ExamineAsync(open, options, cancellationToken);
                await output.WriteLineAsync($"model     {Terminal.Name(finding)}");
                sound &= isSound;
            }

            await output.WriteLineAsync(sound ? "All is well." : "Something is wrong; see above.");
            return sound ? 0 : CommandErrors.Error;
        });
        return command;
    }

    /// <summary>Opened one by one, so that a broken folder does not hide what is wrong with the next.</summary>
    private static IEnumerable<Func<ModelPackage>> Models(string[] folders) => folders.Length == 0
        ? DefaultModels.All.Select<ModelPackage, Func<ModelPackage>>(model => () => model)
        : folders.Select<string, Func<ModelPackage>>(folder => () => ModelPackage.Open(folder));

    /// <summary>Checks a model's files and runs its goldens.</summary>
    public static async Task<(string Finding, bool IsSound)> ExamineAsync(Func<ModelPackage> open, ExecutionOptions options, CancellationToken cancellationToken)
    {
        try
        {
            ModelPackage model = open();
            ModelSelfTest examination = model.Manifest.Kind == "visionLanguage"
                ? await VisionLanguageSelfTest.RunAsync(model, options, cancellationToken)
                : await ModelSelfTest.RunAsync(model, options, cancellationToken);
            string goldens = examination.Goldens == 0
                ? "it has no golden inputs, so nothing tells whether it computes what it should"
                : FormattableString.Invariant($"{examination.Goldens} golden inputs on {examination.Provider.Selected.Name} differ by {examination.LargestDifference:0.0e+0} at most ({(examination.IsSound ? "fine" : $"WRONG: more than {examination.Allowed:0.0e+0}")})");
            return ($"{model.Manifest.Id}: files match their hashes; {goldens}", examination.IsSound);
        }
        catch (Exception exception) when (exception is ModelLoadException or ExecutionProviderException)
        {
            return ($"WRONG: {exception.Message}", false);
        }
    }
}
