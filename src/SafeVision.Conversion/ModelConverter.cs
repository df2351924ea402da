using System.Security.Cryptography;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Verification;
using SafeVision.Models;

namespace SafeVision.Conversion;

/// <summary>
/// Turns a checkpoint into a model's folder: ONNX file, manifest, licence. Converting the same files twice gives the same
/// files. Thread-safe for different destinations.
/// </summary>
public static class ModelConverter
{
    private const string ModelFile = "model.onnx";
    private const string Producer = "SafeVision.Conversion";
    private const string Version = "2"; // of what is written; changes only together with the files it makes

    /// <summary>The families that can be converted.</summary>
    public static IReadOnlyList<string> Families { get; } = [.. ModelFamilies.All.Select(family => family.Name)];

    /// <summary>
    /// Converts a checkpoint, runs the graph, and holds its outputs against a plain computation of the same network.
    /// When this fails or is cancelled, the destination is as it was before.
    /// </summary>
    /// <param name="options">What to convert, and to where.</param>
    /// <param name="progress">Told of bytes and stages; null: nobody.</param>
    /// <param name="cancellationToken">Ends the conversion.</param>
    /// <exception cref="CheckpointException">The checkpoint or the recipe is not sound; the message names the file and the part.</exception>
    /// <exception cref="Execution.ExecutionProviderException">The native ONNX Runtime, which checks the result, is missing.</exception>
    /// <exception cref="Execution.ModelLoadException">The text encoder is missing, altered or none.</exception>
    public static Task<ConversionResult> ConvertAsync(
        ConversionOptions options, IProgress<ConversionProgress>? progress = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Task.Run(() => RunAsync(options, progress, cancellationToken), cancellationToken);
    }

    private static async Task<ConversionResult> RunAsync(ConversionOptions options, IProgress<ConversionProgress>? progress, CancellationToken cancellationToken)
    {
        void Report(ConversionStage stage, long done, long total) => progress?.Report(new ConversionProgress(stage, done, total));

        // A file of the checkpoint stands for its folder.
        string source = File.Exists(options.Source) ? Path.GetDirectoryName(Path.GetFullPath(options.Source))! : options.Source;
        IModelFamily family = ModelFamilies.Find(source, options.Family);
        using FamilyModel model = family.Read(source, options.Recipe);
        using var folder = new ModelFolderWriter(options.Destination);
        ModelManifest manifest = new ManifestDraft(model, options, family.Name).Create();

        IReadOnlyDictionary<string, string> hashes = SourceHashes.Compute(
            model.SourceFiles, (done, total) => Report(ConversionStage.Reading, done, total), cancellationToken);
        string modelPath = Path.Combine(folder.Path, ModelFile);
        OnnxFile.Write(
            modelPath, NetworkWriter.Write(model.Network, manifest.Id), Producer, Version,
            (done, total) => Report(ConversionStage.Writing, done, total), cancellationToken);

        IReadOnlyList<NetworkProbe> probes = model.Probes();
        (IReadOnlyList<ModelGolden> goldens, double largest) = ModelVerifier.Verify(
            modelPath, model, probes, (done, total) => Report(ConversionStage.Verifying, done, total), cancellationToken);

        SortedDictionary<string, string> files = CopyCompanions(model, options.Recipe, folder.Path);
        if (options.TextEncoder is { } encoder)
        {
            StoredEmbeddings embeddings = await LabelEmbeddings.WriteAsync(
                folder.Path, manifest, encoder, (done, total) => Report(ConversionStage.Embedding, done, total), cancellationToken).ConfigureAwait(false);
            manifest = manifest with { LabelEmbeddings = embeddings };
            files[embeddings.File] = HashOf(Path.Combine(folder.Path, embeddings.File));
        }

        manifest = manifest with
        {
            File = ModelFile,
            Sha256 = HashOf(modelPath),
            Bytes = new FileInfo(modelPath).Length,
            Goldens = goldens,
            Files = files,
            Converted = new ModelConversion
            {
                Tool = Producer,
                Version = Version,
                Options = new Dictionary<string, string> { ["family"] = family.Name },
                SourceFiles = hashes,
            },
        };
        ManifestFile.Write(Path.Combine(folder.Path, ModelManifest.FileName), manifest);
        folder.Complete();
        return new ConversionResult(manifest, family.Name, largest);
    }

    private static SortedDictionary<string, string> CopyCompanions(FamilyModel model, ConversionRecipe recipe, string folder)
    {
        var files = new Dictionary<string, string>(model.Companions);
        if (recipe.LicenseFile is { } license)
        {
            files["LICENSE"] = Path.Combine(recipe.Folder ?? "", license);
        }

        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string source) in files)
        {
            string target = Path.Combine(folder, name);
            try
            {
                File.Copy(source, target);
                File.SetAttributes(target, FileAttributes.Normal);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                throw new CheckpointException($"{source}: can't be copied as {name}. {exception.Message}", exception);
            }

            hashes[name] = HashOf(target);
        }

        return hashes;
    }

    private static string HashOf(string path)
    {
        using FileStream stream = File.OpenRead(path);
        return Convert.ToHexStringLower(SHA256.HashData(stream));
    }
}
