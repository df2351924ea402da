namespace SafeVision.Models;

/// <summary>Whether this machine computes from a model's golden inputs what was measured where the model was made.</summary>
/// <param name="Goldens">How many golden inputs were run.</param>
/// <param name="LargestDifference">The largest difference from the recorded outputs, relative to the largest of them.</param>
/// <param name="Provider">The provider that ran them.</param>
public sealed record ModelSelfTest(int Goldens, double LargestDifference, ProviderSelection Provider)
{
    /// <summary>The largest difference that counts as the same: room for another processor's order of summation.</summary>
    public const double Tolerance = 1e-3;

    /// <summary>The largest difference that counts as the same for this model: <see cref="Tolerance"/>, or what its goldens say.</summary>
    public double Allowed { get; init; } = Tolerance;

    /// <summary>Whether every golden was met; false when the model has none.</summary>
    public bool IsSound => Goldens > 0 && LargestDifference <= Allowed;

    /// <summary>Checks all files against their hashes, loads the model, and runs its goldens.</summary>
    /// <exception cref="ModelLoadException">A file is missing or altered, or can't be loaded.</exception>
    /// <exception cref="ExecutionProviderException">A required provider is not usable.</exception>
    public static async Task<ModelSelfTest> RunAsync(ModelPackage package, ExecutionOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(package);
        ArgumentNullException.ThrowIfNull(options);
        package.Verify();
        using var sessions = new SessionCache();
        ModelManifest manifest = package.Manifest;
        var processor = new ProviderSelection([ExecutionProvider.Cpu], ExecutionProvider.Cpu, []);
        switch (manifest.Kind)
        {
            case "classifierHead": // a matrix, not a graph
                return new ModelSelfTest(manifest.Goldens.Count, Largest(manifest, FeatureHead.Load(package).Run), processor) { Allowed = AllowedBy(manifest) };
            case ModelManifest.TaxonomyKind: // tables: their hashes are all there is
                return new ModelSelfTest(manifest.Files.Count + 1, 0, processor);
            case "visionLanguage":
                throw new ModelLoadException($"{package.Folder.Description}: a vision-language model is examined by VisionLanguageSelfTest of the package SafeVision.VisionLanguage.");
        }

        // The cache gives the sessions back: guardrails of the process may use the same ones.
        ModelSession session = await sessions.GetAsync(package.Image(null), options.Validate(), cancellationToken).ConfigureAwait(false);
        ModelSession? texts = manifest.Contrastive is { } contrastive
            ? await sessions.GetAsync(package.Image(contrastive.TextFile, null), options, cancellationToken).ConfigureAwait(false)
            : null;
        double largest = Largest(manifest, golden => golden.Inputs.Count == 0 || texts is null ? GoldenInput.Run(session.Session, manifest, golden) : Read(texts, manifest, golden));
        return new ModelSelfTest(manifest.Goldens.Count, largest, session.Provider) { Allowed = AllowedBy(manifest) };
    }

    /// <summary>The least that a golden says; <see cref="Tolerance"/> where none says anything.</summary>
    public static double AllowedBy(ModelManifest manifest) => (manifest ?? throw new ArgumentNullException(nameof(manifest))).Goldens.Select(golden => golden.Tolerance ?? Tolerance).DefaultIfEmpty(Tolerance).Min();

    private static float[] Read(ModelSession texts, ModelManifest manifest, ModelGolden golden)
    {
        (string input, IReadOnlyList<long> ids) = golden.Inputs.First();
        using OrtValue value = OrtValue.CreateTensorValueFromMemory<long>([.. ids], [1, ids.Count]);
        return GoldenInput.Run(texts.Session, manifest, golden, input, value);
    }

    private static double Largest(ModelManifest manifest, Func<ModelGolden, float[]> run) =>
        manifest.Goldens.Select(golden => Difference(golden, run(golden))).DefaultIfEmpty().Max();

    /// <summary>How far outputs are from a golden's, relative to the largest of them; infinite where they are too few or not finite.</summary>
    public static double Difference(ModelGolden golden, ReadOnlySpan<float> actual) =>
        ProviderSelfCheck.RelativeDifference([.. (golden ?? throw new ArgumentNullException(nameof(golden))).Outputs], actual[..Math.Min(actual.Length, golden.Outputs.Count)]);
}
