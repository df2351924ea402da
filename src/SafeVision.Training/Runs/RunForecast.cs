using System.Globalization;
using SafeVision.Training.Networks;

namespace SafeVision.Training.Runs;

/// <summary>The memory that a run will take, in bytes, foretold from the sizes of the network and of the longest batch.</summary>
/// <param name="Weights">The weights.</param>
/// <param name="Training">Gradients and the optimiser's two means.</param>
/// <param name="Activations">What is kept of a batch until its gradients are computed.</param>
internal sealed record RunForecast(long Weights, long Training, long Activations)
{
    private const long Program = 700L << 20; // .NET, libtorch, images on their way

    public long Total => Weights + Training + Activations + Program;

    /// <param name="network">The network, with what is trained marked.</param>
    /// <param name="trained">How many numbers are trained.</param>
    /// <param name="rows">Rows of a batch.</param>
    /// <param name="tokens">Tokens of the longest row.</param>
    /// <param name="answered">Of these, those from the first that is learnt on.</param>
    /// <param name="patches">Tokens of the vision tower for the images of a batch.</param>
    /// <param name="attended">Patches that attend to one another.</param>
    /// <param name="passes">Batches whose activations are kept at once.</param>
    public static RunForecast Of(TrainableNetwork network, long trained, int rows, int tokens, int answered, long patches, int attended, int passes)
    {
        NetworkSizes sizes = network.Sizes;
        bool isHalf = network.Weights.Products == TorchSharp.torch.ScalarType.BFloat16;
        long frozen = network.Weights.Size - trained, element = isHalf ? 3 : 4; // residuals stay whole
        double perToken = (20.0 * sizes.Width) + (5.0 * sizes.Inner), layer = ((rows * tokens * perToken) + (2.0 * rows * sizes.Heads * tokens * tokens)) * element;
        double text = network.Recomputes ? (sizes.Layers * (double)rows * tokens * sizes.Width * 4) + layer : sizes.Layers * layer;
        double logits = 4.0 * rows * answered * sizes.Vocabulary * 4;
        double look = ((patches * ((20.0 * sizes.Vision.Width) + (5.0 * sizes.Vision.Inner))) + (2.0 * sizes.Vision.Heads * patches * attended)) * element;
        double vision = network.Weights.LearnsVision && !network.Recomputes ? sizes.Vision.Layers * look : (network.Weights.LearnsVision ? sizes.Vision.Layers * patches * sizes.Vision.Width * 4.0 : 0) + look;
        return new RunForecast((isHalf ? 2 * frozen : 4 * frozen) + (4 * trained), 16 * trained, (long)((text + logits + vision) * passes));
    }

    /// <summary>Refuses a run that can't fit, and says what would make it fit.</summary>
    /// <exception cref="TrainingException">It does not fit.</exception>
    public void Require(long available, TrainingOptions options)
    {
        if (Total <= available)
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
        throw new TrainingException($"The run needs about {Text(Total)} ({Describe()}), and {Text(available)} are there, so it would be killed on its way. To make it fit: {string.Join("; ", ways)}.");
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
