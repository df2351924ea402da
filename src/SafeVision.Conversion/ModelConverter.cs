namespace SafeVision.Conversion;

/// <summary>Turns a checkpoint into a model's folder: ONNX file, manifest, licence. Converting the same files twice gives the same
/// files. Thread-safe for different destinations.</summary>
public static class ModelConverter
{
    internal const string Producer = "SafeVision.Conversion";
    internal const string Version = "2"; // of what is written; changes only together with the files it makes

    /// <summary>The families that can be converted.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. ModelFamilies.All.Select(family => family.Name)];

    /// <summary>The forms that weights can take.</summary>
    public static IReadOnlyList<string> Precisions { get; } = [.. WeightForms.All.Select(form => form.Name)];

    /// <summary>The ways in which a vision-language model's decoder can attend.</summary>
    public static IReadOnlyList<string> Attentions { get; } = AttentionStyles.Names;

    /// <summary>The precision that suits a checkpoint on a processor: <c>int8</c> for a vision-language model, whose images and
    /// prompts are bound by arithmetic and lose less to bytes than to 4 bits; <c>float32</c> for all others.</summary>
    /// <param name="source">The checkpoint's folder, or a file in it.</param>
    /// <param name="family">One of <see cref="Families"/>; null: found out from the checkpoint.</param>
    /// <exception cref="CheckpointException">It is of no family that is known.</exception>
    public static string PrecisionFor(string source, string? family = null) =>
        !IsConverted(FolderOf(source)) && ModelFamilies.Find(FolderOf(source), family) is FamilyNetwork ? "int8" : "float32";

    /// <summary>Converts a checkpoint, runs the graph, and holds its outputs against a reference computation of the same network.
    /// When this fails or is cancelled, the destination is as it was before.</summary>
    /// <param name="options">What to convert, and to where.</param>
    /// <param name="progress">Told of bytes and stages, of which two may go on at once, one report at a time; null: nobody.</param>
    /// <param name="cancellationToken">Ends the conversion.</param>
    /// <exception cref="CheckpointException">The checkpoint or the recipe is not sound; the message names the file and the part.</exception>
    /// <exception cref="Inference.ExecutionProviderException">The native ONNX Runtime, which checks the result, is missing.</exception>
    public static Task<ConversionResult> ConvertAsync(
        ConversionOptions options, IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Task.Run(() => RunAsync(options, progress, cancellationToken), cancellationToken);
    }

    private static async Task<ConversionResult> RunAsync(ConversionOptions options, IProgress<ConversionProgress>? progress, CancellationToken cancellationToken)
    {
        string source = FolderOf(options.Source);
        var gate = new Lock();
        void Report(ConversionStage stage, long done, long total)
        {
            lock (gate) // a checkpoint is hashed while it is written
            {
                progress?.Report(new ConversionProgress(stage, done, total));
            }
        }

        if (options.Calibration is { } images && IsConverted(source))
        {
            return await new IntegerConversion(source, images, options.Destination, Report).RunAsync(cancellationToken).ConfigureAwait(false);
        }

        IModelFamily found = ModelFamilies.Find(source, options.Family);
        CompanionFiles.Find(source); // before hours of work: what travels along must be readable
        if (found is not FamilyNetwork && options.Calibration is not null)
        {
            throw new CheckpointException($"{source}: images calibrate a vision-language model, or a classifier that was converted before. Convert this one first, without them.");
        }

        if (found is not FamilyNetwork && (options.Adapter is not null || options.NewTokens.Count > 0))
        {
            throw new CheckpointException($"{source}: adapters and new tokens are for vision-language models, and '{found.Name}' is not one.");
        }

        return found switch
        {
            IEncoderFamily family => new EncoderConversion(family, source, options, Report).Run(cancellationToken),
            FamilyNetwork family => await new VisionLanguageConversion(family, source, options, Report).RunAsync(cancellationToken).ConfigureAwait(false),
            _ => throw new InvalidOperationException($"'{found.Name}' has no way to be converted."),
        };
    }

    private static bool IsConverted(string folder) => File.Exists(Path.Combine(folder, ModelManifest.FileName));

    // A file of the checkpoint stands for its folder.
    private static string FolderOf(string source) => File.Exists(source) ? Path.GetDirectoryName(Path.GetFullPath(source))! : source;
}

/// <summary>A checkpoint can't be read or converted: damaged, of an unknown kind, or not what its configuration says. The message
/// names the file and the tensor or node, and what would mend it.</summary>
public sealed class CheckpointException(string message, Exception? innerException = null) : Exception(Bounded(message), innerException)
{
    private const int MostCharacters = 3000; // what a stranger's file holds may be megabytes

    private static string Bounded(string message) => message is { Length: > MostCharacters } ? $"{message[..(MostCharacters / 2)]} … {message[^(MostCharacters / 2)..]}" : message;
}
