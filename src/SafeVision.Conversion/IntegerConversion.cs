namespace SafeVision.Conversion;

/// <summary>Makes of a converted image classifier one whose convolutions run in 8-bit integers. What its activations are scaled by
/// comes from a folder of images such as it will see; how its answers differ from those before is measured on the same
/// images.</summary>
internal sealed class IntegerConversion(string source, string images, string destination, Action<ConversionStage, long, long> report)
{
    private const string Precision = "int8";
    private const int MostCalibration = 250;
    private const int MostMeasured = 1000;
    private const double Tolerance = 5e-2; // processors round in different places

    public async Task<ConversionResult> RunAsync(CancellationToken cancellationToken)
    {
        ModelPackage package = ModelPackage.Open(source);
        ModelManifest manifest = package.Manifest;
        if (manifest is not { Kind: "imageClassifier", Preprocessing: { } recipe } || manifest.File is not { } file)
        {
            throw new CheckpointException($"{source}: a {manifest.Kind} can't be calibrated; an image classifier can.");
        }

        string exact = Path.Combine(source, file);
        var preprocessor = new ImagePreprocessor(recipe);
        List<float[]> inputs = await ReadAsync(preprocessor, cancellationToken).ConfigureAwait(false);
        using var folder = new ModelFolderWriter(destination);
        string rounded = Path.Combine(folder.Path, file);
        long[] shape = [1, 3, preprocessor.InputSize, preprocessor.InputSize];
        int step = (inputs.Count + MostCalibration - 1) / MostCalibration;
        new IntegerNetwork([.. inputs.Where((_, i) => i % step == 0)], shape, (done, total) => report(ConversionStage.Writing, done, total), cancellationToken).Write(exact, rounded);

        string scores = manifest.Outputs.GetValueOrDefault("logits") ?? manifest.Outputs["probabilities"];
        var comparison = new LogitComparison(manifest.Labels.Count);
        ModelGolden[] goldens;
        using (GraphRun before = GraphRun.Open(exact), after = GraphRun.Open(rounded, prepacks: true))
        {
            for (int i = 0; i < inputs.Count; i++)
            {
                report(ConversionStage.Measuring, i, inputs.Count);
                comparison.Add(Run(before, manifest.Input, scores, inputs[i], shape, cancellationToken), Run(after, manifest.Input, scores, inputs[i], shape, cancellationToken));
            }

            goldens = [.. manifest.Goldens.Select(golden => golden with
            {
                Outputs = Run(after, manifest.Input, golden.Output, GoldenInput.Create(golden.Seed, preprocessor.InputLength), shape, cancellationToken)[..golden.Outputs.Count],
                Tolerance = Tolerance,
            })];
        }

        report(ConversionStage.Measuring, inputs.Count, inputs.Count);
        foreach ((string name, string hash) in manifest.Files)
        {
            if (folder.Copy(Path.Combine(source, name), name) != hash)
            {
                throw new CheckpointException($"{source}: {name} is not the file that the manifest names.");
            }
        }

        PrecisionLoss loss = comparison.ToLoss("whole model", imageFeatureError: null);
        ModelConversion converted = manifest.Converted ?? new ModelConversion { Tool = ModelConverter.Producer, Version = ModelConverter.Version };
        manifest = manifest with
        {
            Sha256 = folder.HashOf(file),
            Bytes = new FileInfo(rounded).Length,
            Goldens = goldens,
            Converted = converted with
            {
                Options = new Dictionary<string, string>(converted.Options) { ["precision"] = Precision, ["madeOf"] = manifest.Sha256 },
                PrecisionLoss = loss,
            },
        };
        File.WriteAllText(Path.Combine(folder.Path, ModelManifest.FileName), manifest.ToJson());
        folder.Complete();
        return new ConversionResult(manifest, "integers", LargestDifference: null);
    }

    /// <summary>What the model takes of each image: its own crop.</summary>
    private async Task<List<float[]>> ReadAsync(ImagePreprocessor preprocessor, CancellationToken cancellationToken)
    {
        string[] files = SampleImages.Find(images, MostMeasured);
        var decoder = new SkiaImageDecoder();
        var inputs = new List<float[]>(files.Length);
        foreach (string path in files)
        {
            report(ConversionStage.Reading, inputs.Count, files.Length);
            using DecodedImage image = await decoder.DecodeAsync(ImageSource.FromFile(path), new ImageDecodeOptions { TargetShortSide = preprocessor.Recipe.Resize.Size }, cancellationToken).ConfigureAwait(false);
            ImageFrame frame = image.Frames[0];
            float[] input = new float[preprocessor.InputLength];
            preprocessor.Write(frame.Pixels, frame.Width, frame.Height, new ImageRegion(0, 0, frame.Width, frame.Height), input);
            inputs.Add(input);
        }

        return inputs;
    }

    private static float[] Run(GraphRun run, string input, string output, float[] numbers, long[] shape, CancellationToken cancellationToken)
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(numbers, shape);
        return run.RunFor([output], new Dictionary<string, OrtValue> { [input] = value }, cancellationToken)[0];
    }
}
