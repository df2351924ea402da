namespace SafeVision.Training.Runs;

/// <summary>The memory that a run will take, in bytes, foretold from the sizes of the network and of the longest batch.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="Training">Gradients and the optimiser's two means.</param>
/// <param name="Activations">What is kept of a batch until its gradients are computed.</param>
internal sealed record RunForecast(long Weights, long Training, long Activations)
{
    private const long Program = 160L << 20; // .NET, libtorch's own, images on their way

    private const double Kept = 1.5; // what the allocator keeps between two uses, which may be of two threads

    private const double Error = 1.25; // the most that a measured run took of what was foretold (RunForecastTests)

    public long Total => Weights + Training + Activations + Program;

    /// <summary>What must be there: the forecast and a quarter, which is how far it may be wrong.</summary>
    public long Needed => (long)(Error * Total);

    /// <summary>The formula. Of a layer that learns libtorch keeps some 10 widths and 4 inner widths for each token
    /// (norms, queries, keys, values, what goes into each product); while a layer is computed or gone back through, all
    /// of its 20 and 5 are there, and an adapter's products beside them. Of a layer that nothing learns in, only this
    /// one is there. Held to measured runs by RunForecastTests.</summary>
    /// <param name="network">The network, with what is trained marked.</param>
    /// <param name="trained">How many numbers each trained tensor has.</param>
    /// <param name="rows">Rows of a batch.</param>
    /// <param name="tokens">Tokens of the longest row.</param>
    /// <param name="answered">Of these, those from the first that is learnt on.</param>
    /// <param name="patches">Tokens of the vision tower for the images of a batch.</param>
    /// <param name="attended">Patches that attend to one another.</param>
    /// <param name="passes">Batches whose activations are kept at once.</param>
    public static RunForecast Of(TrainableNetwork network, IReadOnlyList<long> trained, int rows, int tokens, int answered, long patches, int attended, int passes)
    {
        NetworkSizes sizes = network.Sizes;
        bool isHalf = network.Weights.Products == TorchSharp.torch.ScalarType.BFloat16, adapts = network.Weights.Adapter is not null;
        long all = trained.Sum(), frozen = network.Weights.Size - (adapts ? 0 : all), element = isHalf ? 3 : 4; // residuals stay whole
        double words = (double)rows * tokens, attention = words * sizes.Heads * tokens;
        double kept = ((words * ((10.0 * sizes.Width) + (4.0 * sizes.Inner))) + attention) * element;
        double whole = ((words * (((adapts ? 32.0 : 20.0) * sizes.Width) + ((adapts ? 14.0 : 5.0) * sizes.Inner))) + (2 * attention)) * element;
        double text = (sizes.Layers * (network.Recomputes ? words * sizes.Width * 4 : kept)) + whole + (4.0 * rows * answered * sizes.Vocabulary * 4);
        double looks = (double)patches * sizes.Vision.Heads * attended, look = ((patches * ((20.0 * sizes.Vision.Width) + (5.0 * sizes.Vision.Inner))) + looks) * element;
        double seen = !network.Weights.LearnsVision ? 0
            : sizes.Vision.Layers * (network.Recomputes ? patches * sizes.Vision.Width * 4.0 : ((patches * ((10.0 * sizes.Vision.Width) + (4.0 * sizes.Vision.Inner))) + looks) * element);
        double going = network.Weights.LearnsVision ? look + (looks * element) : look; // back through a layer, or only forward
        return new RunForecast((isHalf ? 2 * frozen : 4 * frozen) + (4 * all), (12 * all) + (16 * trained.Max()), (long)(Kept * (seen + Math.Max(going, text)) * passes));
    }

    /// <summary>Refuses a run that might not fit, and says what would make it fit.</summary>
    /// <exception cref="TrainingException"><see cref="Needed"/> does not fit.</exception>
    public void Require(long available, TrainingOptions options)
    {
        if (Needed <= available)
        {
            return;
        }

        string[] ways =
        [
            .. Training > available / 4 && options.Adapter is null ? ["train an adapter (--lora) in place of all weights"] : Array.Empty<string>(),
            .. !options.Recomputes ? ["compute layers twice (--recompute)"] : Array.Empty<string>(),
            .. options.Rows > 1 ? ["take fewer rows at once (--rows 1) and more of them into a step (--accumulation)"] : Array.Empty<string>(),
            "cut images into fewer tiles (--max-tiles) or leave long samples out (--max-length)",
        ];
        throw new TrainingException($"The run needs about {Text(Total)} ({Describe()}) and may take a quarter more, {Text(Needed)}; {Text(available)} are there, so it could be killed on its way. To make it fit: {string.Join("; ", ways)}.");
    }

    public string Describe() => $"weights {Text(Weights)}, gradients and optimiser {Text(Training)}, a batch {Text(Activations)}, the program {Text(Program)}";

    public static string Text(long bytes) => bytes >= 1L << 30
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / (double)(1L << 30):0.0} GiB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes >> 20} MiB");
}

/// <summary>The sizes that a forecast needs.</summary>
/// <param name="Layers">Of the text model.</param>
/// <param name="Width">Of the text model.</param>
/// <param name="Inner">Of its feed-forward part.</param>
/// <param name="Heads">Of its attention.</param>
/// <param name="Vocabulary">Rows of the tables.</param>
/// <param name="Vision">Of the vision tower; zeros where there is none.</param>
internal sealed record NetworkSizes(int Layers, int Width, int Inner, int Heads, int Vocabulary, Networks.VisionSizes Vision);
