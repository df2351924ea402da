using SafeVision.Conversion.Families;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Verification;
using SafeVision.Models;

namespace SafeVision.Conversion;

/// <summary>The conversion of a checkpoint that holds one network: a classifier or a text encoder.</summary>
internal sealed class NetworkConversion(INetworkFamily family, string source, ConversionOptions options, Action<ConversionStage, long, long> report)
{
    private const string ModelFile = "model.onnx";

    public ConversionResult Run(CancellationToken cancellationToken)
    {
        using FamilyModel model = family.Read(source, options.Recipe);
        using var folder = new ModelFolderWriter(options.Destination);
        ModelManifest manifest = new ManifestDraft(model, options, family.Name).Create();

        IReadOnlyDictionary<string, string> hashes = SourceHashes.Compute(
            model.SourceFiles, (done, total) => report(ConversionStage.Reading, done, total), cancellationToken);
        string modelPath = Path.Combine(folder.Path, ModelFile);
        OnnxFile.Write(
            modelPath, NetworkWriter.Write(model.Network, manifest.Id), ModelConverter.Producer, ModelConverter.Version,
            (done, total) => report(ConversionStage.Writing, done, total), cancellationToken);

        IReadOnlyList<NetworkProbe> probes = model.Probes();
        (IReadOnlyList<ModelGolden> goldens, double largest) = ModelVerifier.Verify(
            modelPath, model, probes, (done, total) => report(ConversionStage.Verifying, done, total), cancellationToken);

        SortedDictionary<string, string> files = CopyCompanions(model, folder);
        manifest = manifest with
        {
            File = ModelFile,
            Sha256 = folder.HashOf(ModelFile),
            Bytes = new FileInfo(modelPath).Length,
            Goldens = goldens,
            Files = files,
            Converted = new ModelConversion
            {
                Tool = ModelConverter.Producer,
                Version = ModelConverter.Version,
                Options = new Dictionary<string, string> { ["family"] = family.Name },
                SourceFiles = hashes,
            },
        };
        ManifestFile.Write(Path.Combine(folder.Path, ModelManifest.FileName), manifest);
        folder.Complete();
        return new ConversionResult(manifest, family.Name, largest);
    }

    private SortedDictionary<string, string> CopyCompanions(FamilyModel model, ModelFolderWriter folder)
    {
        var files = new Dictionary<string, string>(model.Companions);
        if (options.Recipe.LicenseFile is { } license)
        {
            files["LICENSE"] = Path.Combine(options.Recipe.Folder ?? "", license);
        }

        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach ((string name, string path) in files)
        {
            hashes[name] = folder.Copy(path, name);
        }

        return hashes;
    }
}
