namespace SafeVision.Conversion;

/// <summary>The conversion of a vision-language checkpoint into the onnx-community layout: three graphs under <c>onnx</c>, and the
/// configuration and tokenizer files as they are.</summary>
internal sealed class VisionLanguageConversion(FamilyNetwork family, string source, ConversionOptions options, Action<ConversionStage, long, long> report)
{
    private const string GraphFolder = "onnx";

    private IWeightForm _form = options.ExactVision ? new ExactVisionForm(WeightForms.Find(options.Precision)) : WeightForms.Find(options.Precision);
    private readonly AttentionStyle _attention = AttentionStyles.Parse(options.Attention);

    public async Task<ConversionResult> RunAsync(CancellationToken cancellationToken)
    {
        using var preparation = new ModelPreparation(source, options);
        using VisionLanguageModel model = preparation.Read(family);
        using var folder = new ModelFolderWriter(options.Destination);
        using var cancellation = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        Task<IReadOnlyDictionary<string, string>> hashing = Task.Run(
            () => SourceHashes.Compute(model.SourceFiles, (done, total) => report(ConversionStage.Reading, done, total), cancellation.Token), cancellation.Token);
        try
        {
            Directory.CreateDirectory(Path.Combine(folder.Path, GraphFolder));
            SampleQuestions? questions = _form is Float32Form ? null : await SampleQuestions.CreateAsync(source, model, options.Calibration, cancellationToken).ConfigureAwait(false);
            VisionLanguageModel smoothed = questions is null ? model : Calibrate(folder, model, questions, preparation, cancellationToken);
            (WrittenGraph decoder, WrittenGraph embedding, WrittenGraph vision) = Write(folder, smoothed, cancellationToken);
            var verifier = new VisionLanguageVerifier(model, _form.Tolerance, (done, total) => report(ConversionStage.Verifying, done, total), cancellationToken);
            // All three read what is written, and much of each keeps one core busy only.
            Task verifying = verifier.VerifyAsync(decoder, embedding, vision);
            Task<IReadOnlyList<ModelGolden>> recording = Task.Run(() => ModelGoldens.Record(model, _form, decoder, vision, cancellationToken), cancellationToken);
            Task<PrecisionLoss?> measuring = Task.Run(() => Measure(folder, model, smoothed, questions, (decoder, embedding, vision), cancellationToken), cancellationToken);
            await Task.WhenAll(verifying, recording, measuring).ConfigureAwait(false); // of several failures the first counts
            PrecisionLoss? loss = await measuring.ConfigureAwait(false);
            IReadOnlyList<ModelGolden> goldens = await recording.ConfigureAwait(false);
            ModelManifest manifest = Manifest(folder, preparation, decoder, await hashing.ConfigureAwait(false), verifier.Scope, loss) with { Goldens = goldens };
            File.WriteAllText(Path.Combine(folder.Path, ModelManifest.FileName), manifest.ToJson());
            preparation.Require(folder.Path);
            folder.Complete();
            return new ConversionResult(manifest, family.Name, verifier.LargestDifference);
        }
        finally
        {
            await cancellation.CancelAsync().ConfigureAwait(false);
            await ((Task)hashing).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    /// <summary>The same model, evened out where the precision rounds what comes into a layer; from here on the layers that lose most even so are spared.</summary>
    private VisionLanguageModel Calibrate(ModelFolderWriter folder, VisionLanguageModel model, SampleQuestions questions, ModelPreparation preparation, CancellationToken cancellationToken)
    {
        if (!_form.RoundsInput(LinearRole.Vision) && !_form.RoundsInput(LinearRole.TextMlp))
        {
            _form = _form.Sparing(SparedLayers.None with { VerdictTokens = questions.VerdictTokens });
            return model;
        }

        var observer = new ActivationObserver(model, _attention, folder.Path, (done, total) => report(ConversionStage.Calibrating, done, total), cancellationToken);
        (VisionLanguageModel smoothed, SparedLayers spared) = SmoothedModel.Create(model, observer.Observe(questions.Calibrating, _form.RoundsInput));
        _form = _form.Sparing(spared with { VerdictTokens = questions.VerdictTokens });
        preparation.Told["calibration"] = questions.Description;
        preparation.Told["exactVision"] = options.ExactVision ? "true" : "false";
        preparation.Told["layersByRow"] = spared.ByRow.Count.ToString(CultureInfo.InvariantCulture);
        preparation.Told["layersInBlocks"] = spared.InBlocks.Count.ToString(CultureInfo.InvariantCulture);
        return smoothed;
    }

    private (WrittenGraph Decoder, WrittenGraph Embedding, WrittenGraph Vision) Write(ModelFolderWriter folder, VisionLanguageModel model, CancellationToken cancellationToken)
    {
        WrittenGraph[] graphs =
        [
            new(PathOf("decoder_model_merged"), DecoderGraph.Write(model.Text, _form, _attention)),
            new(PathOf("embed_tokens"), EmbeddingGraph.Write(model.Text, _form)),
            new(PathOf("vision_encoder"), model.Vision.Write(_form)),
        ];
        long before = 0, all = graphs.Sum(graph => graph.WeightBytes);
        foreach (WrittenGraph graph in graphs)
        {
            WrittenModel written = OnnxFile.Write(
                graph.Path, graph.Blocks.Graph, ModelConverter.Producer, ModelConverter.Version,
                (done, total) => report(ConversionStage.Writing, before + (long)((double)done / total * graph.WeightBytes), all), cancellationToken);
            before += graph.WeightBytes;
            if (written.DataSha256 is { } hash)
            {
                folder.Know($"{GraphFolder}/{Path.GetFileName(graph.Path)}{OnnxFile.DataSuffix}", hash);
            }
        }

        return (graphs[0], graphs[1], graphs[2]);

        string PathOf(string name) => Path.Combine(folder.Path, GraphFolder, $"{name}{_form.FileSuffix}.onnx");
    }

    private PrecisionLoss? Measure(
        ModelFolderWriter folder, VisionLanguageModel model, VisionLanguageModel smoothed, SampleQuestions? questions,
        (WrittenGraph Decoder, WrittenGraph Embedding, WrittenGraph Vision) graphs, CancellationToken cancellationToken)
    {
        if (questions is null)
        {
            return null;
        }

        var comparison = new PrecisionComparison(model, _form, _attention, folder.Path, (done, total) => report(ConversionStage.Measuring, done, total), cancellationToken)
        {
            Smoothed = smoothed,
            Questions = questions.Measuring,
            MostBytes = options.MeasureWhole ? long.MaxValue : PrecisionComparison.UsualBytes,
        };
        return comparison.Measure(graphs.Decoder, graphs.Embedding, graphs.Vision);
    }

    private ModelManifest Manifest(ModelFolderWriter folder, ModelPreparation preparation, WrittenGraph decoder, IReadOnlyDictionary<string, string> hashes, string verified, PrecisionLoss? loss)
    {
        SortedDictionary<string, string> files = CompanionFiles.Copy(source, folder, options.Recipe, preparation.ChangedFiles);
        long bytes = 0;
        foreach (string path in Directory.EnumerateFiles(Path.Combine(folder.Path, GraphFolder)))
        {
            string name = $"{GraphFolder}/{Path.GetFileName(path)}";
            bytes += new FileInfo(path).Length;
            files[name] = folder.HashOf(name);
        }

        string file = $"{GraphFolder}/{Path.GetFileName(decoder.Path)}";
        files.Remove(file, out string? sha256);
        return new ModelManifest
        {
            Schema = 1,
            Id = options.Recipe.Id ?? Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(options.Destination))),
            Kind = "visionLanguage",
            Description = options.Recipe.Description,
            License = options.Recipe.License,
            Source = options.Recipe.Source,
            File = file,
            Sha256 = sha256!,
            Bytes = bytes,
            Files = files,
            Converted = new ModelConversion
            {
                Tool = ModelConverter.Producer,
                Version = ModelConverter.Version,
                Options = new Dictionary<string, string>(preparation.Told)
                {
                    ["family"] = family.Name,
                    ["precision"] = _form.Name,
                    ["attention"] = options.Attention,
                    ["verified"] = verified,
                },
                SourceFiles = hashes,
                PrecisionLoss = loss,
            },
        };
    }
}
