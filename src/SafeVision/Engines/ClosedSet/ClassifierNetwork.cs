namespace SafeVision.Engines.ClosedSet;

/// <summary>A closed-set image classifier: views of images in, probabilities and feature maps out. Thread-safe; each
/// caller is lent a set of buffers, so that a run neither copies nor allocates.</summary>
internal sealed class ClassifierNetwork : IDisposable
{
    internal const int Capacity = ViewPlanner.MostViews; // views that a set of buffers holds at once
    private const int MostCells = 4096; // cells of a feature map; it is kept on the stack

    private readonly ConcurrentBag<NetworkRun> _runs = [];
    private readonly TensorSpec _input;
    private readonly TensorSpec[] _outputs;
    private readonly float[] _headWeights; // [labels, channels]
    private readonly bool _needsSoftmax;

    private ClassifierNetwork(ModelPackage package, ModelSession session, PreprocessingRecipe recipe)
    {
        Package = package;
        Session = session;
        Recipe = recipe;
        ModelManifest manifest = package.Manifest;
        _needsSoftmax = manifest.Outputs.ContainsKey("logits") || !manifest.Outputs.ContainsKey("probabilities"); // the temperature divides logits
        string scores = Output(manifest, _needsSoftmax ? "logits" : "probabilities");
        session.Require([manifest.Input], [scores]);

        int[] image = session.InputShape(manifest.Input); // [batch, 3, height, width]
        int[] classes = session.OutputShape(scores); // [batch, labels]
        if (!Fits(image, -1, 3, recipe.InputSize, recipe.InputSize) || !Fits(classes, -1, Labels))
        {
            throw new ModelLoadException(
                $"{manifest.Id}: input [{string.Join(", ", image)}] and scores [{string.Join(", ", classes)}] (-1: open) do not fit {Labels} labels and images of {recipe.InputSize} pixels; the batch must be open, and all else but the input's size fixed.");
        }

        _input = new TensorSpec(manifest.Input, [3, recipe.InputSize, recipe.InputSize]);
        _outputs = [new(scores, [Labels])];
        _headWeights = [];
        if (!manifest.Outputs.ContainsKey("headWeights"))
        {
            return; // a head of several layers: its scores are sound, but no map is exact
        }

        string features = Output(manifest, "features");
        string head = Output(manifest, "headWeights");
        session.Require([], [features, head]);
        int[] map = session.OutputShape(features); // [batch, channels, height, width]
        int[] weights = session.OutputShape(head); // [labels, channels]
        if (map.Length != 4 || !Fits(weights, Labels, map[1]) || TensorPrimitives.Min<int>(map.AsSpan(1)) < 1 || (long)map[2] * map[3] > MostCells)
        {
            throw new ModelLoadException(
                $"{manifest.Id}: features [{string.Join(", ", map)}] and head weights [{string.Join(", ", weights)}] (-1: open) do not fit {Labels} labels; all but the batch must be fixed, and the map have at most {MostCells} cells.");
        }

        (Channels, MapHeight, MapWidth) = (map[1], map[2], map[3]);
        _outputs = [.. _outputs, new(features, [Channels, MapHeight, MapWidth])];
        _headWeights = session.Constants.GetOrAdd(head, FetchHeadWeights);
    }

    public ModelPackage Package { get; }

    /// <summary>What its logits are divided by for photographs.</summary>
    public float Temperature => _needsSoftmax ? (float)(Package.Manifest.Temperature ?? 1) : 1;

    /// <summary>Whether another temperature than 1 can be asked for.</summary>
    public bool GivesLogits => _needsSoftmax;

    public ModelSession Session { get; }

    public PreprocessingRecipe Recipe { get; }

    public int Labels => Package.Manifest.Labels.Count;

    public int Channels { get; }

    /// <summary>Whether the head is one dense layer over pooled features, so that class-activation maps are exact.</summary>
    public bool HasActivationMaps => Channels > 0;

    public int MapWidth { get; }

    public int MapHeight { get; }

    public static async Task<ClassifierNetwork> LoadAsync(ModelPackage package, SessionCache sessions, ExecutionOptions options, CancellationToken cancellationToken)
    {
        if (package.Manifest is not { Kind: "imageClassifier", Preprocessing: { } recipe })
        {
            throw new ModelLoadException($"{package.Folder.Description}: a {package.Manifest.Kind} is no image classifier.");
        }

        ModelSession session = await sessions.GetAsync(package.Image(GoldenInput.ProbeOf(package.Manifest)), options, cancellationToken).ConfigureAwait(false);
        return new ClassifierNetwork(package, session, recipe);
    }

    /// <summary>Lends buffers; those of a run that failed midway are not used again.</summary>
    public TResult Lend<TResult>(Func<NetworkRun, TResult> use)
    {
        NetworkRun run = _runs.TryTake(out NetworkRun? kept) ? kept : Rent();
        try
        {
            TResult result = use(run);
            _runs.Add(run);
            return result;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Buffers that the caller disposes.</summary>
    public NetworkRun Rent() => new(this, new BatchBinding(Session, _input, _outputs, Capacity));

    /// <summary>The probabilities of one item of a run, written to <paramref name="probabilities"/>.</summary>
    /// <param name="temperature">What logits are divided by, above 0; a network that gives probabilities itself needs 1.</param>
    /// <param name="probabilities">Filled: [labels].</param>
    /// <exception cref="ModelOutputException">The model gave numbers that are no probabilities, or features that are not finite.</exception>
    public void ReadProbabilities(BatchBinding binding, int item, float temperature, Span<float> probabilities)
    {
        string model = Package.Manifest.Id;
        ReadOnlySpan<float> scores = binding.Output(0, item);
        if (_needsSoftmax)
        {
            Probabilities.RequireFinite(scores, model, "its logits");
            TensorPrimitives.Divide(scores, temperature, probabilities);
            Probabilities.SoftMax(probabilities, probabilities);
        }
        else
        {
            Probabilities.Require(scores, model);
            scores.CopyTo(probabilities);
        }

        if (HasActivationMaps)
        {
            Probabilities.RequireFinite(binding.Output(1, item), model, "its features");
        }
    }

    /// <summary>The mean of each channel over the cells, which the last dense layer reads: [channels].</summary>
    public void Pool(ReadOnlySpan<float> features, Span<float> pooled) // features: [channels, height * width]
    {
        int cells = MapWidth * MapHeight;
        for (int channel = 0; channel < Channels; channel++)
        {
            pooled[channel] = TensorPrimitives.Sum(features.Slice(channel * cells, cells)) / cells;
        }
    }

    /// <summary>A label's row of the last dense layer: how much each channel of the features speaks for it.</summary>
    public ReadOnlySpan<float> HeadWeights(int label) => _headWeights.AsSpan(label * Channels, Channels);

    /// <summary>Adds a class-activation map to <paramref name="map"/> [height, width]: the weights of the last dense
    /// layer applied to the features of each cell. Weights may be those of several labels, added up: maps add up
    /// alike.</summary>
    public void AddActivationMap(ReadOnlySpan<float> features, ReadOnlySpan<float> weights, Span<float> map) // features: [channels, height * width]
    {
        int cells = MapWidth * MapHeight;
        for (int channel = 0; channel < Channels; channel++)
        {
            TensorPrimitives.MultiplyAdd(features.Slice(channel * cells, cells), weights[channel], map, map);
        }
    }

    private static string Output(ModelManifest manifest, string role) => manifest.Outputs.TryGetValue(role, out string? name)
        ? name
        : throw new ModelLoadException($"{manifest.Id}: the manifest's outputs have no '{role}'.");

    /// <summary>Whether a tensor's shape is the one wanted; an open dimension fits any size, an open wish only an open dimension.</summary>
    private static bool Fits(ReadOnlySpan<int> shape, params ReadOnlySpan<int> wanted)
    {
        bool fits = shape.Length == wanted.Length;
        for (int i = 0; fits && i < wanted.Length; i++)
        {
            fits = shape[i] == wanted[i] || (shape[i] == -1 && wanted[i] > 0);
        }

        return fits;
    }

    /// <summary>The head's weights are an output of the graph that depends on no input, so one run yields them.</summary>
    private float[] FetchHeadWeights(string name)
    {
        float[] blank = new float[3 * Recipe.InputSize * Recipe.InputSize];
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(blank, [1, 3, Recipe.InputSize, Recipe.InputSize]);
        using var options = new RunOptions();
        try
        {
            using IDisposableReadOnlyCollection<OrtValue> results = Session.Session.Run(options, [_input.Name], [value], [name]);
            float[] weights = results[0].GetTensorDataAsSpan<float>().ToArray();
            return weights.Length == Labels * Channels && float.IsFinite(TensorPrimitives.MaxMagnitude<float>(weights))
                ? weights
                : throw new ModelLoadException($"{Package.Manifest.Id}: '{name}' gives {weights.Length} numbers, not all finite, for {Labels} labels and {Channels} channels.");
        }
        catch (OnnxRuntimeException exception)
        {
            throw new ModelLoadException($"{Package.Manifest.Id}: can't be run. {exception.Message}", exception);
        }
    }

    public void Dispose()
    {
        while (_runs.TryTake(out NetworkRun? run))
        {
            run.Dispose();
        }
    }
}
