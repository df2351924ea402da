namespace SafeVision.Conversion;

/// <summary>Joins what a checkpoint knows with what its recipe adds, and checks that they fit.</summary>
internal sealed class ManifestDraft(EncoderModel model, ConversionOptions options, string family)
{
    /// <summary>The manifest without what only the finished files can tell.</summary>
    /// <exception cref="CheckpointException">The recipe does not fit the checkpoint.</exception>
    public ModelManifest Create()
    {
        ConversionRecipe recipe = options.Recipe;
        string id = recipe.Id ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Destination)));
        CheckCategories(recipe);
        if (recipe.Rename.Keys.FirstOrDefault(place => place < 0 || place >= model.Labels.Count, 0) is not 0 and int wrong)
        {
            throw new CheckpointException($"The recipe renames label {wrong}, but there are {model.Labels.Count}, counted from 0.");
        }

        var manifest = new ModelManifest
        {
            Schema = 1,
            Id = id,
            Kind = model.Kind,
            Description = recipe.Description,
            License = recipe.License,
            Source = recipe.Source,
            File = "",
            Sha256 = new string('0', 64),
            Input = ImageInput.Name,
            Outputs = model.Outputs,
            Preprocessing = model.Preprocessing,
            Contrastive = model.Contrastive,
            Labels = [.. model.Labels.Select((label, place) => recipe.Rename.GetValueOrDefault(place, label))],
            Display = recipe.Display,
            Aliases = recipe.Aliases,
            Categories = recipe.Categories,
            FullCategories = recipe.FullCategories,
            Calibration = recipe.Calibration,
            Temperature = recipe.Temperature,
            ViewsMustAgree = recipe.ViewsMustAgree,
            SecondOpinion = recipe.SecondOpinion,
        };
        try
        {
            manifest.Validate();
            return manifest;
        }
        catch (Exception exception) when (exception is JsonException or ArgumentException)
        {
            throw new CheckpointException($"{options.Source} ({family}): checkpoint and recipe do not make a model: {exception.Message}.", exception);
        }
    }

    // A mistyped category would silently take its labels out of every policy.
    private static void CheckCategories(ConversionRecipe recipe)
    {
        string[] known = [.. HarmCategory.All.Select(category => category.Id)];
        foreach (string id in recipe.Categories.Values.Where(weights => weights is not null).SelectMany(weights => weights.Keys).Concat(recipe.FullCategories))
        {
            if (id is not null && !known.Contains(id))
            {
                throw new CheckpointException($"The recipe maps a label to '{id}', which is no built-in category; these are: {string.Join(", ", known)}.");
            }
        }
    }
}
