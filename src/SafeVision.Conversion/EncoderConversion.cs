namespace SafeVision.Conversion;

/// <summary>The conversion of a checkpoint that holds encoders: a classifier, or a pair for images and texts. Each becomes one graph.</summary>
internal sealed class EncoderConversion(IEncoderFamily family, string source, ConversionOptions options, Action<ConversionStage, long, long> report)
{
    private IWeightForm _form = WeightForms.Find(options.Precision);

    public ConversionResult Run(CancellationToken cancellationToken)
    {
        using EncoderModel model = family.Read(source, options.Recipe);
        bool isRounded = model.Encoders.All(encoder => encoder.TakesPrecision);
        _form = isRounded ? _form : new Float32Form();
        using var folder = new ModelFolderWriter(options.Destination);
        ModelManifest manifest = new ManifestDraft(model, options, family.Name).Create();
        IReadOnlyDictionary<string, string> hashes = SourceHashes.Compute(
            model.SourceFiles, (done, total) => report(ConversionStage.Reading, done, total), cancellationToken);

        (IEncoder Encoder, WrittenGraph Graph)[] written = Write(folder, model, cancellationToken);
        var verifier = new EncoderVerifier(_form.Tolerance, (done, total) => report(ConversionStage.Verifying, done, total), cancellationToken);
        verifier.Verify(written);
        IReadOnlyList<ModelGolden> goldens = ModelGoldens.Record(written, _form, cancellationToken);
        PrecisionLoss? loss = Measure(folder, model, written, cancellationToken);

        SortedDictionary<string, string> files = CompanionFiles.Copy(source, folder, options.Recipe);
        long bytes = AddGraphs(folder, files);
        string file = Path.GetFileName(written[0].Graph.Path);
        files.Remove(file, out string? sha256);
        manifest = manifest with
        {
            File = file,
            Sha256 = sha256!,
            Bytes = bytes,
            Goldens = goldens,
            Files = files,
            Converted = new ModelConversion
            {
                Tool = ModelConverter.Producer,
                Version = ModelConverter.Version,
                Options = new Dictionary<string, string> { ["family"] = family.Name, ["precision"] = isRounded ? _form.Name : "as stored", ["verified"] = verifier.Scope },
                SourceFiles = hashes,
                PrecisionLoss = loss,
            },
        };
        File.WriteAllText(Path.Combine(folder.Path, ModelManifest.FileName), manifest.ToJson());
        folder.Complete();
        return new ConversionResult(manifest, family.Name, verifier.LargestDifference);
    }

    private (IEncoder Encoder, WrittenGraph Graph)[] Write(ModelFolderWriter folder, EncoderModel model, CancellationToken cancellationToken)
    {
        (IEncoder Encoder, WrittenGraph Graph)[] graphs =
            [.. model.Encoders.Select(encoder => (encoder, new WrittenGraph(Path.Combine(folder.Path, $"{encoder.Name}.onnx"), encoder.Write(_form))))];
        long before = 0, left = graphs.Sum(pair => pair.Graph.WeightBytes);
        foreach ((_, WrittenGraph graph) in graphs)
        {
            left -= graph.WeightBytes;
            WrittenModel written = OnnxFile.Write(
                graph.Path, graph.Blocks.Graph, ModelConverter.Producer, ModelConverter.Version,
                (done, total) => report(ConversionStage.Writing, before + done, before + total + left), cancellationToken);
            before += written.Bytes;
            if (written.DataSha256 is { } hash)
            {
                folder.Know($"{Path.GetFileName(graph.Path)}{OnnxFile.DataSuffix}", hash);
            }
        }

        return graphs;
    }

    private PrecisionLoss? Measure(
        ModelFolderWriter folder, EncoderModel model, IReadOnlyList<(IEncoder Encoder, WrittenGraph Graph)> written, CancellationToken cancellationToken)
    {
        if (_form is Float32Form)
        {
            return null;
        }

        var comparison = new EncoderComparison(folder.Path, (done, total) => report(ConversionStage.Measuring, done, total), cancellationToken);
        return comparison.Measure(written, model.Contrastive, options.MeasureWhole ? long.MaxValue : EncoderComparison.MostBytes);
    }

    private static long AddGraphs(ModelFolderWriter folder, SortedDictionary<string, string> files)
    {
        long bytes = 0;
        foreach (string path in Directory.EnumerateFiles(folder.Path).Where(path => !files.ContainsKey(Path.GetFileName(path))))
        {
            bytes += new FileInfo(path).Length;
            files[Path.GetFileName(path)] = folder.HashOf(Path.GetFileName(path));
        }

        return bytes;
    }
}
