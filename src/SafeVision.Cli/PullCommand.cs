namespace SafeVision.Cli;

/// <summary><c>safevision models pull</c>: fetches an open guard, converts it and tests it.</summary>
internal static class PullCommand
{
    public static Command Create()
    {
        var name = new Argument<string>("name") { Description = "A known guard ('safevision models list' names them), or owner/name of a repository; a revision may follow: NAME@revision." };
        var precision = new Option<string>("--precision") { Description = $"How the weights are written: {string.Join(", ", ModelConverter.Precisions)}. int8 is the fastest and most exact of the small ones on a processor; int4 takes half its memory.", DefaultValueFactory = _ => "int8" };
        precision.AcceptOnlyFromAmong([.. ModelConverter.Precisions]);
        Option<int?> most = NumberOption.Create("--max-gb", "The most GB (10^9 bytes) that the repository's files may have together. Default: 137.", most: 100_000);
        Option<string?> cache = CacheOption.Create();
        var command = new Command("pull", "Fetch a model from the hub, convert it to ONNX and run its self-test. What was cut off or cancelled goes on where it ended. HF_ENDPOINT names a mirror, HF_TOKEN an account, HF_HOME the cache's folder.")
        {
            name, precision, most, cache,
        };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            (TextWriter output, TextWriter error) = (parsed.InvocationConfiguration.Output, parsed.InvocationConfiguration.Error);
            HubOptions options = CacheOption.Read(parsed.GetValue(cache));
            options.MaximumBytes = parsed.GetValue(most) is { } gigabytes ? gigabytes * 1_000_000_000L : options.MaximumBytes;
            if (KnownModel.Find(parsed.GetValue(name)!.Split('@')[0]) is { } known)
            {
                string note = known.IsConvertible ? "" : $" Its family, {known.Family}, can't be converted by this version yet.";
                await error.WriteLineAsync(FormattableString.Invariant($"{known.Name}: about {known.CheckpointBytes / 1e9:0.0} GB to fetch; licence {known.License}, {known.LicenseText}.{note}"));
            }

            StoredModel model = await ConvertProgress.RunAsync(progress => new ModelStore(options).PullAsync(
                parsed.GetValue(name)!, parsed.GetValue(precision)!, progress, note => error.WriteLine(Terminal.Name(note)), cancellationToken));
            await output.WriteLineAsync(FormattableString.Invariant(
                $"{model.Name}: {model.Precision}, {model.Manifest.Bytes / 1e6:0.0} MB, licence {model.Manifest.License}, from {model.Manifest.Source}; its self-test is fine."));
            await output.WriteAsync(ConvertCommand.Loss(model.Manifest));
            await output.WriteLineAsync(model.Manifest.Kind == "visionLanguage" && parsed.GetValue(cache) is null ? $"Ask it: safevision check IMAGE --model {model.Name}" : $"It is in {model.Folder}");
            return 0;
        });
        return command;
    }
}

/// <summary><c>safevision models list | verify | remove</c>: the models that were pulled.</summary>
internal static class PulledModelsCommand
{
    public static Command CreateList()
    {
        Option<string?> cache = CacheOption.Create();
        var command = new Command("list", "List the models that were pulled, and the open guards that can be.") { cache };
        command.SetAction(async (parsed, _) =>
        {
            TextWriter output = parsed.InvocationConfiguration.Output;
            IReadOnlyList<StoredModel> here = new ModelStore(CacheOption.Read(parsed.GetValue(cache))).List();
            await output.WriteLineAsync(here.Count == 0 ? "No model was pulled." : "Pulled:");
            foreach (StoredModel model in here)
            {
                await output.WriteLineAsync(Terminal.Name(Line(model)));
            }

            await output.WriteLineAsync("\nOpen guards ('safevision models pull NAME'; the figures are their owners', memory is estimated for int8):");
            foreach (KnownModel known in KnownModel.All)
            {
                string notes = string.Concat(known.IsGated ? "; gated" : "", known.IsConvertible ? "" : $"; family {known.Family} not converted by this version");
                await output.WriteLineAsync(FormattableString.Invariant(
                    $"  {known.Name}\n      {known.Repository}@{known.Revision}; {known.CheckpointBytes / 1e9:0.0} GB to fetch, {known.MemoryBytes / 1e9:0.0} GB memory; speed {known.Speed}{notes}\n      {known.Reads}\n      family {known.Family}, protocol {known.Protocol ?? "by its tokens"}; licence {known.License}: {known.LicenseText}"));
            }

            return 0;
        });
        return command;
    }

    public static Command CreateVerify()
    {
        var name = new Argument<string>("name") { Description = "A model that was pulled." };
        Option<string?> cache = CacheOption.Create();
        Option<string> provider = ProviderOption.Create();
        var command = new Command("verify", "Check a pulled model's files against their hashes, and run its golden inputs on this machine.") { name, cache, provider };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            StoredModel model = PulledModel.Find(parsed.GetValue(name)!, CacheOption.Read(parsed.GetValue(cache)));
            (string finding, bool isSound) = await DoctorCommand.ExamineAsync(() => Models.ModelPackage.Open(model.Folder), ProviderOption.Options(parsed.GetValue(provider)!), cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(Terminal.Name(finding));
            return isSound ? 0 : CommandErrors.Error;
        });
        return command;
    }

    public static Command CreateRemove()
    {
        var name = new Argument<string>("name") { Description = "A model that was pulled." };
        var download = new Option<bool>("--with-download") { Description = "Remove the checkpoint that it was made from too." };
        Option<string?> cache = CacheOption.Create();
        var command = new Command("remove", "Remove a pulled model.") { name, download, cache };
        command.SetAction(async (parsed, cancellationToken) =>
        {
            bool removed = await new ModelStore(CacheOption.Read(parsed.GetValue(cache))).RemoveAsync(parsed.GetValue(name)!, parsed.GetValue(download), cancellationToken);
            await parsed.InvocationConfiguration.Output.WriteLineAsync(removed
                ? $"{Terminal.Name(parsed.GetValue(name)!)} is removed."
                : throw new ArgumentException($"'{parsed.GetValue(name)}' was not pulled; 'safevision models list' says what was."));
            return 0;
        });
        return command;
    }

    private static string Line(StoredModel model)
    {
        try
        {
            return FormattableString.Invariant($"  {model.Name}: {model.Precision}, {model.Manifest.Bytes / 1e9:0.00} GB, licence {model.Manifest.License}, {model.Manifest.Source}");
        }
        catch (Inference.ModelLoadException exception)
        {
            return $"  {model.Name}: damaged. {exception.Message}";
        }
    }
}

/// <summary><c>--cache DIR</c>, in the place of <c>HF_HOME</c>.</summary>
internal static class CacheOption
{
    public static Option<string?> Create() => new("--cache") { Description = "The folder for downloads and converted models, in the place of HF_HOME." };

    public static HubOptions Read(string? folder)
    {
        var options = HubOptions.FromEnvironment();
        if (folder is not null)
        {
            (options.Folder, options.DownloadFolder) = (Path.GetFullPath(folder), null);
        }

        return options;
    }
}

/// <summary>A model by the name under which it was pulled.</summary>
internal static class PulledModel
{
    /// <exception cref="ArgumentException">None of that name is here.</exception>
    public static StoredModel Find(string name, HubOptions options) => new ModelStore(options).Find(name)
        ?? throw new ArgumentException($"'{name}' was not pulled; 'safevision models list' says what was.");

    /// <summary>The folder that a command line means: one that is there, or a pulled model's; otherwise what it says.</summary>
    public static string Folder(string value) =>
        Directory.Exists(value) ? value
        : new ModelStore(HubOptions.FromEnvironment()).Find(value)?.Folder
        ?? (KnownModel.Find(value) is { } known ? throw new ArgumentException($"'{known.Name}' was not pulled yet: safevision models pull {known.Name}") : value);
}
