namespace SafeVision.Conversion.Families;

/// <summary>The families that can be converted; the only place that lists them.</summary>
internal static class ModelFamilies
{
    public static IReadOnlyList<IModelFamily> All { get; } =
    [
        new EfficientNetLite(), new VitClassifier(), new SiglipClassifier(), new ConvNextClassifier(),
        new ClipModel(), new SiglipModel(),
        new InternVL(), new SmolVLM(), new Qwen2VL(), new Qwen3VL(), new Gemma3(), new Qwen35(), new Mistral3(), new Nano(),
    ];

    /// <summary>The family of a checkpoint.</summary>
    /// <param name="name">The family's name; null: the one that recognises it.</param>
    /// <exception cref="CheckpointException">None does, or the name is unknown; the message lists them.</exception>
    public static IModelFamily Find(string folder, string? name)
    {
        string names = string.Join(", ", All.Select(family => family.Name));
        if (name is not null)
        {
            return All.FirstOrDefault(family => family.Name == name)
                ?? throw new CheckpointException($"'{name}' is no family that can be converted; these are: {names}.");
        }

        if (!Directory.Exists(folder))
        {
            throw new CheckpointException($"{folder}: there is no such folder; a checkpoint is a folder with a configuration and weights.");
        }

        return All.FirstOrDefault(family => family.Recognizes(folder))
            ?? throw Unrecognized(folder, names);
    }

    private static CheckpointException Unrecognized(string folder, string names) =>
        SafetensorsCheckpoint.IsIn(folder) || File.Exists(Path.Combine(folder, "config.json"))
            ? new CheckpointException($"{folder}: config.json names no architecture that can be converted; these families are known: {names}.")
            : SafetensorsCheckpoint.Missing(folder);
}

/// <summary>One architecture: how its checkpoints look and what they hold. One file each, found through <see cref="ModelFamilies"/>.</summary>
internal interface IModelFamily
{
    /// <summary>The name for the command line and the manifest.</summary>
    string Name { get; }

    /// <summary>Whether a folder looks like a checkpoint of this family; reads no weights.</summary>
    bool Recognizes(string folder);
}
