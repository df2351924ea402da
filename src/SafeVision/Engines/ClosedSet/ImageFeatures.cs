namespace SafeVision.Engines.ClosedSet;

/// <summary>The pooled features of a frozen image classifier, for heads that are fitted elsewhere: what its last dense
/// layer reads. Thread-safe. Disposing it frees its buffers; the sessions stay with their cache.</summary>
public sealed class ImageFeatures : IDisposable
{
    private readonly ClassifierNetwork _network;
    private readonly ImagePreprocessor _preprocessor;

    private ImageFeatures(ClassifierNetwork network) => (_network, _preprocessor) = (network, new ImagePreprocessor(network.Recipe));

    /// <summary>The SHA-256 of the network: a head fits one network only.</summary>
    public string Model => _network.Package.Manifest.Sha256;

    /// <summary>How many features an image has.</summary>
    public int Length => _network.Channels;

    /// <summary>Loads the network.</summary>
    /// <param name="package">An image classifier whose manifest names its features and its head's weights.</param>
    /// <param name="context">Where sessions are kept and how models are run.</param>
    /// <param name="cancellationToken">Stops the loading.</param>
    /// <exception cref="ModelLoadException">It is no such classifier, or its files are missing or altered.</exception>
    public static async Task<ImageFeatures> LoadAsync(ModelPackage package, EngineContext context, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(package);
        ArgumentNullException.ThrowIfNull(context);
        ClassifierNetwork network = await ClassifierNetwork.LoadAsync(package, context.Sessions, context.Execution, cancellationToken).ConfigureAwait(false);
        if (network.HasActivationMaps)
        {
            return new ImageFeatures(network);
        }

        network.Dispose();
        throw new ModelLoadException($"{package.Folder.Description}: its manifest names no features, so no head can be fitted to them.");
    }

    /// <summary>The features of an image: [<see cref="Length"/>].</summary>
    /// <exception cref="ModelOutputException">The network gave numbers that are not finite.</exception>
    public float[] Read(ImageFrame frame, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(frame);
        return _network.Lend(run =>
        {
            run.Look(frame, [new ClassifierView(_preprocessor, ImageRegion.Whole(frame.Width, frame.Height))], 0, _network.Temperature, cancellationToken);
            float[] features = new float[Length];
            _network.Pool(run.Features(0), features);
            return features;
        });
    }

    /// <inheritdoc/>
    public void Dispose() => _network.Dispose();
}
