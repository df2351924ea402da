using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Models;

namespace SafeVision.Conversion;

/// <summary>
/// The conversion of a vision-language checkpoint into the onnx-community layout: three graphs under <c>onnx</c>, and the
/// configuration and tokenizer files as they are.
/// </summary>
internal sealed class VisionLanguageConversion(IVisionLanguageFamily family, string source, ConversionOptions options, Action<ConversionStage, long, long> report)
{
    private const string GraphFolder = "onnx";

    private readonly IWeightForm _form = WeightForms.Find(options.Precision);

    public ConversionResult Run(CancellationToken cancellationToken)
    {
        using VisionLanguageModel model = family.Read(source);
        using var folder = new ModelFolderWriter(options.Destination);
        IReadOnlyDictionary<string, string> hashes = SourceHashes.Compute(
            model.SourceFiles, (done, total) => report(ConversionStage.Reading, done, total), cancellationToken);
        Directory.CreateDirectory(Path.Combine(folder.Path, GraphFolder));
        string decoder = Write(folder, "decoder_model_merged", DecoderGraph.Write(model.Text, _form, AttentionStyle.Grouped), cancellationToken);
        Write(folder, "embed_tokens", EmbeddingGraph.Write(model.Text.Embedding, _form), cancellationToken);
        Write(folder, "vision_encoder", model.Vision.Write(_form), cancellationToken);

        ModelManifest manifest = Manifest(folder, decoder, hashes);
        ManifestFile.Write(Path.Combine(folder.Path, ModelManifest.FileName), manifest);
        folder.Complete();
        return new ConversionResult(manifest, family.Name, double.NaN);
    }

    private string Write(ModelFolderWriter folder, string name, OnnxGraph graph, CancellationToken cancellationToken)
    {
        string file = $"{GraphFolder}/{name}{_form.FileSuffix}.onnx";
        OnnxFile.Write(
            Path.Combine(folder.Path, file), graph, ModelConverter.Producer, ModelConverter.Version,
            (done, total) => report(ConversionStage.Writing, done, total), cancellationToken);
        return file;
    }

    private ModelManifest Manifest(ModelFolderWriter folder, string decoder, IReadOnlyDictionary<string, string> hashes)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in CompanionFiles.Find(source))
        {
            string name = Path.GetFileName(path);
            files[name] = folder.Copy(path, name);
        }

        long bytes = 0;
        foreach (string path in Directory.EnumerateFiles(Path.Combine(folder.Path, GraphFolder)))
        {
            string name = $"{GraphFolder}/{Path.GetFileName(path)}";
            bytes += new FileInfo(path).Length;
            files[name] = folder.HashOf(name);
        }

        string sha256 = files[decoder];
        files.Remove(decoder);
        return new ModelManifest
        {
            Schema = 1,
            Id = options.Recipe.Id ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Destination))),
            Kind = "visionLanguage",
            Description = options.Recipe.Description,
            License = options.Recipe.License,
            Source = options.Recipe.Source,
            File = decoder,
            Sha256 = sha256,
            Bytes = bytes,
            Files = files,
            Converted = new ModelConversion
            {
                Tool = ModelConverter.Producer,
                Version = ModelConverter.Version,
                Options = new Dictionary<string, string> { ["family"] = family.Name, ["precision"] = _form.Name },
                SourceFiles = hashes,
            },
        };
    }
}
