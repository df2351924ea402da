namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The parts that networks are made of, as nodes of one graph: the one language in which all of them are written.</summary>
internal sealed class TransformerGraph(string name, IWeightForm form)
{
    private readonly Dictionary<string, string> _shared = new(StringComparer.Ordinal);

    public OnnxGraph Graph { get; } = new(name);

    /// <summary>The values between the layers: what goes into the first one, then what each adds up to. A check can stop there.</summary>
    public List<string> Hidden { get; } = [];

    /// <summary>What the last part of the graph starts from: the last hidden value, normalised where there is a norm.</summary>
    public string Final { get; set; } = "";

    /// <summary>The type of the numbers between the layers.</summary>
    public DataType Activations => form.Activations;

    /// <summary>A value that several nodes share: written for the first that asks.</summary>
    public string Once(string name, Func<string, string> write) => _shared.TryGetValue(name, out string? value) ? value : _shared[name] = write(name);

    public string Linear(string name, Projection projection, string x, LinearRole role, int depth = 0, int layers = 1) =>
        form.Linear(Graph, new LinearLayer(name, projection.Weight, projection.Bias, role, depth, layers), x);

    public string Embedding(WeightMatrix table, string ids) => form.Embedding(Graph, table, ids);

    /// <summary>A small weight in the type of the activations.</summary>
    public string Constant(string name, ReadOnlySpan<float> values, params ReadOnlySpan<int> shape)
    {
        if (!TensorPrimitives.IsFiniteAll(values))
        {
            throw new CheckpointException($"'{name}': holds NaN or an infinite number; the checkpoint is damaged.");
        }

        int[] sizes = shape.Length == 0 ? [values.Length] : shape.ToArray();
        if (Activations == DataType.Float)
        {
            return Graph.Singles(name, values, sizes);
        }

        Half[] halves = new Half[values.Length];
        TensorPrimitives.ConvertToHalf(values, halves);
        return Graph.Stored(name, new StoredTensor(name, sizes, TensorElement.Float16, MemoryMarshal.AsBytes<Half>(halves).ToArray()));
    }

    /// <summary>A number in the type of the activations.</summary>
    public string Scalar(string name, float value)
    {
        string number = Graph.Singles(name, [value]);
        return Activations == DataType.Float ? number : Cast(number, Graph.Claim($"{name}/inside"), Activations);
    }

    /// <summary>A convolution's weights as float32, whatever the form of linear layers.</summary>
    public string Kernel(string name, WeightMatrix weight, params ReadOnlySpan<int> shape)
    {
        string kernel = Graph.Weights(name, weight, shape);
        return Activations == DataType.Float ? kernel : Cast(kernel, Graph.Claim($"{name}/inside"), Activations);
    }

    /// <summary>The same as the checkpoint stores them: float16 stays so in the file, and nodes that depend on no input widen and
    /// scale it. ONNX Runtime computes those once, when it loads the model.</summary>
    public string StoredKernel(string name, WeightMatrix weight, params ReadOnlySpan<int> shape)
    {
        if (!weight.IsHalf)
        {
            return Kernel(name, weight, shape);
        }

        string kernel = HalfWeights.Add(Graph, $"{name}/stored", weight.Unscaled, shape);
        if (Activations == DataType.Float)
        {
            kernel = Cast(kernel, Graph.Claim(weight.Factors is null ? name : $"{name}/wide"), DataType.Float);
        }

        return weight.Factors is { } factors
            ? Multiply(name, kernel, Constant($"{name}/factors", [.. factors], [factors.Count, .. Enumerable.Repeat(1, shape.Length - 1)]))
            : kernel;
    }

    /// <summary>An input of the graph that is float32 outside and of the activations' type inside.</summary>
    public string FloatInput(string name, params (string Name, int? Size)[] shape)
    {
        Graph.Input(Graph.Claim(name), DataType.Float, shape);
        return Activations == DataType.Float ? name : Cast(name, Graph.Claim($"{name}/inside"), Activations);
    }

    /// <summary>An output of the graph that is float32 outside and of the activations' type inside.</summary>
    public void FloatOutput(string name, string value, params (string Name, int? Size)[] shape)
    {
        Graph.Claim(name);
        if (Activations == DataType.Float)
        {
            Graph.Node("Identity", name, [value]);
        }
        else
        {
            Cast(value, name, DataType.Float);
        }

        Graph.Output(name, shape);
    }

    public string Cast(string value, string output, DataType type) => Graph.Node("Cast", output, [value], OnnxAttribute.Integer("to", (int)type));

    public string Normalize(NormWeights norm, string x)
    {
        string output = Graph.Claim(norm.Name), weight = Constant($"{norm.Name}.weight", norm.Weight);
        return norm.IsRms
            ? Graph.Node("SimplifiedLayerNormalization", output, [x, weight], [OnnxAttribute.Integer("axis", -1), OnnxAttribute.Number("epsilon", norm.Epsilon), OnnxAttribute.Integer("stash_type", 1)])
            : Graph.Node("LayerNormalization", output, [x, weight, Constant($"{norm.Name}.bias", norm.Bias)], [OnnxAttribute.Integer("axis", -1), OnnxAttribute.Number("epsilon", norm.Epsilon)]);
    }

    /// <summary>Adds to a residual and normalises the sum.</summary>
    /// <returns>The normalised sum, and the sum itself: the next residual.</returns>
    public (string Normalized, string Residual) AddAndNormalize(NormWeights norm, string x, string residual)
    {
        string sum = Graph.Claim($"{norm.Name}/sum");
        if (!norm.IsRms)
        {
            // SkipLayerNormalization would do both, but on a processor it takes three times as long as the two operators.
            Graph.Node("Add", sum, [x, residual]);
            return (Normalize(norm, sum), sum);
        }

        string output = Graph.Claim(norm.Name);
        Graph.RuntimeNode(
            "SkipSimplifiedLayerNormalization", [output, "", "", sum], [x, residual, Constant($"{norm.Name}.weight", norm.Weight)], OnnxAttribute.Number("epsilon", norm.Epsilon));
        return (output, sum);
    }

    public string Add(string name, string a, string b) => Graph.Node("Add", Graph.Claim(name), [a, b]);

    public string Multiply(string name, string a, string b) => Graph.Node("Mul", Graph.Claim(name), [a, b]);

    public string Activate(string name, Activation activation, string x) => activation switch
    {
        Activation.Gelu => Graph.Node("Gelu", Graph.Claim(name), [x]),
        Activation.GeluTanh => Graph.RuntimeNode("FastGelu", Graph.Claim(name), [x]),
        Activation.Relu => Graph.Node("Relu", Graph.Claim(name), [x]),
        Activation.QuickGelu => Graph.RuntimeNode("QuickGelu", Graph.Claim(name), [x], OnnxAttribute.Number("alpha", 1.702)),
        _ => Graph.RuntimeNode("QuickGelu", Graph.Claim(name), [x], OnnxAttribute.Number("alpha", 1)), // x · σ(x)
    };

    /// <summary>c · tanh(x / c), which keeps numbers between -c and c.</summary>
    public string Bound(string name, string x, double most)
    {
        string part = Graph.Node("Div", Graph.Claim($"{name}/part"), [x, Constant($"{name}.most", [(float)most])]);
        return Multiply(name, Graph.Node("Tanh", Graph.Claim($"{name}/tanh"), [part]), Constant($"{name}.factor", [(float)most]));
    }

    /// <summary>Dimensions in another order; each 0 of <paramref name="shape"/> keeps a size, -1 is what is left.</summary>
    public string Reshape(string name, string x, params ReadOnlySpan<long> shape) =>
        Graph.Node("Reshape", Graph.Claim(name), [x, Graph.Integers($"{name}/shape", shape, shape.Length)]);

    public string Transpose(string name, string x, params ReadOnlySpan<int> order) =>
        Graph.Node("Transpose", Graph.Claim(name), [x], OnnxAttribute.Integers("perm", order));

    public string Concatenate(string name, int axis, params ReadOnlySpan<string> parts) =>
        Graph.Node("Concat", Graph.Claim(name), parts, OnnxAttribute.Integer("axis", axis));

    /// <summary>One dimension's size as a scalar.</summary>
    public string SizeOf(string name, string x, int dimension)
    {
        string shape = Graph.Node("Shape", Graph.Claim($"{name}/shape"), [x]);
        return Graph.Node("Gather", Graph.Claim(name), [shape, Graph.Integers($"{name}/dimension", [dimension])]);
    }
}

/// <summary>The functions between a feed-forward part's two projections.</summary>
internal enum Activation
{
    /// <summary><c>x · Φ(x)</c>.</summary>
    Gelu,

    /// <summary>The same by its approximation with tanh.</summary>
    GeluTanh,

    /// <summary><c>x · σ(1.702 x)</c>.</summary>
    QuickGelu,

    /// <summary><c>x · σ(x)</c>.</summary>
    Silu,

    /// <summary><c>max(x, 0)</c>.</summary>
    Relu,
}

/// <summary>The activations of vision towers by the names that configurations give them.</summary>
internal static class Activations
{
    /// <exception cref="CheckpointException">The name is not known.</exception>
    public static Activation Parse(string name, string where) => name switch
    {
        "gelu" => Activation.Gelu,
        "gelu_pytorch_tanh" or "gelu_new" or "gelu_fast" => Activation.GeluTanh,
        "quick_gelu" => Activation.QuickGelu,
        "silu" or "swish" => Activation.Silu,
        "relu" => Activation.Relu,
        _ => throw new CheckpointException($"{where}: the activation '{name}' is not known; gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, quick_gelu, silu and relu are."),
    };
}

/// <summary>From what a tower yields to a language model's vectors: perhaps a norm, two projections with a GELU between them.</summary>
/// <param name="Norm">Over each vector; null: none.</param>
/// <param name="First">[inner, joined].</param>
/// <param name="Second">[hidden, inner].</param>
internal sealed record GeluProjector(string Name, NormWeights? Norm, Projection First, Projection Second)
{
    public string Write(TransformerGraph blocks, string x)
    {
        string normal = Norm is null ? x : blocks.Normalize(Norm, x);
        string inner = blocks.Activate($"{Name}.activation", Activation.Gelu, blocks.Linear($"{Name}.first", First, normal, LinearRole.Projector));
        return blocks.Linear($"{Name}.second", Second, inner, LinearRole.Projector);
    }

    /// <summary>The same as a reference.</summary>
    public float[] Compute(float[] x)
    {
        x = [.. x];
        if (Norm is not null)
        {
            ReferenceTransformer.Normalize(Norm, x);
        }

        float[] inner = ReferenceTransformer.Linear(First, x);
        ReferenceTransformer.Activate(Activation.Gelu, inner);
        return ReferenceTransformer.Linear(Second, inner);
    }
}
