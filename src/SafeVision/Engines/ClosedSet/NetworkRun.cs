namespace SafeVision.Engines.ClosedSet;

/// <summary>One caller's buffers for a network: the views' inputs, what the network answers, and room for
/// probabilities. Made once and used again, so that an image allocates none. Not thread-safe.</summary>
internal sealed class NetworkRun : IDisposable
{
    private readonly ClassifierNetwork _network;
    private readonly float[] _shares; // [views, labels]

    public NetworkRun(ClassifierNetwork network, BatchBinding binding)
    {
        (_network, Binding) = (network, binding);
        _shares = new float[binding.Capacity * network.Labels];
        Mean = new float[network.Labels];
        Pooled = new float[network.Channels];
    }

    public BatchBinding Binding { get; }
    public int Views { get; private set; } // views answered by the last run
    public float[] Mean { get; } // room for the mean of the views' probabilities, which Look fills: [labels]
    public float[] Pooled { get; } // room for the pooled features of one view: [channels]

    /// <summary>Room for the probabilities of a head for drawings, [labels], twice: of a view, and their mean.</summary>
    public float[] Drawn { get; private set; } = [];

    /// <summary>What was said last of an image that shows nothing of a category: of which labels, the likeliest of them, its share, and the sentence.</summary>
    public ((LabelSet Labels, int Top, float Share) Seen, string Sentence)? Said { get; set; }

    /// <summary>The input of a view, to be written: [3, size, size].</summary>
    public Span<float> Input(int view) => Binding.Input(view);

    /// <summary>A view's probabilities: [labels].</summary>
    public ReadOnlySpan<float> Shares(int view) => _shares.AsSpan(view * _network.Labels, _network.Labels);

    /// <summary>A view's features: [channels, height * width].</summary>
    public ReadOnlySpan<float> Features(int view) => Binding.Output(1, view);

    /// <summary>Shows the network views, after those before <paramref name="first"/>, which are answered already.</summary>
    /// <param name="views">At least one.</param>
    /// <param name="first">The first view to be answered.</param>
    /// <param name="temperature">What logits are divided by, above 0; 1 where the network gives probabilities.</param>
    /// <exception cref="ModelOutputException">The network gave numbers that are no probabilities, or features that are not finite.</exception>
    public void Look(ImageFrame frame, ReadOnlySpan<ClassifierView> views, int first, float temperature, CancellationToken cancellationToken)
    {
        for (int i = 0; i < views.Length; i++)
        {
            views[i].Write(frame, Input(first + i));
        }

        Binding.Run(first, views.Length, cancellationToken);
        Views = first + views.Length;
        for (int view = first; view < Views; view++)
        {
            _network.ReadProbabilities(Binding, view, temperature, _shares.AsSpan(view * _network.Labels, _network.Labels));
        }

        Array.Clear(Mean);
        for (int view = 0; view < Views; view++)
        {
            TensorPrimitives.MultiplyAdd(Shares(view), 1f / Views, Mean, Mean);
        }
    }

    /// <summary>Makes room for a head with that many labels.</summary>
    public void MakeRoomForDrawn(int labels)
    {
        if (Drawn.Length < 2 * labels)
        {
            Drawn = new float[2 * labels];
        }
    }

    public void Dispose() => Binding.Dispose();
}
