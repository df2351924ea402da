namespace SafeVision.Conversion.Quantization;

/// <summary>A form of few bits for a language model alone: the vision tower and the projector stay float32.</summary>
internal sealed class ExactVisionForm : IWeightForm
{
    private static readonly Float32Form s_exact = new();

    private readonly IWeightForm _text;

    /// <exception cref="CheckpointException">It computes in float16, and would round what is between the layers.</exception>
    public ExactVisionForm(IWeightForm text) => _text = text.Activations == DataType.Float
        ? text
        : throw new CheckpointException($"In {text.Name} all layers compute alike; an exact vision tower goes with a precision of few bits, such as int8.");

    public string Name => _text.Name;

    public string FileSuffix => _text.FileSuffix;

    public DataType Activations => _text.Activations;

    public double Tolerance => _text.Tolerance;

    public string Linear(OnnxGraph graph, LinearLayer layer, string input) => (IsVision(layer.Role) ? s_exact : _text).Linear(graph, layer, input);

    public string Embedding(OnnxGraph graph, WeightMatrix table, string ids) => _text.Embedding(graph, table, ids);

    public bool RoundsInput(LinearRole role) => !IsVision(role) && _text.RoundsInput(role);

    public IWeightForm Sparing(SparedLayers layers) => new ExactVisionForm(_text.Sparing(layers));

    private static bool IsVision(LinearRole role) => role is LinearRole.Vision or LinearRole.Projector;
}
