using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Families;

/// <summary>Finds the parts of a classifier that evidence is made from, by walking back from its probabilities.</summary>
/// <param name="Logits">What the probabilities are made from.</param>
/// <param name="Probabilities">The last layer.</param>
/// <param name="Features">The last feature map, in front of the global average pooling.</param>
/// <param name="Weights">[labels, channels] where one dense layer leads from pooled features to logits; null where several do.</param>
internal sealed record ClassifierHead(Layer Logits, Softmax Probabilities, Layer Features, StoredTensor? Weights)
{
    /// <exception cref="CheckpointException">The network does not end as a classifier does.</exception>
    public static ClassifierHead Find(string path, Layer result)
    {
        if (result is not Softmax probabilities)
        {
            throw new CheckpointException($"{path}: the last layer '{result.Name}' is no softmax, so this is no classifier.");
        }

        Layer logits = probabilities.Inputs[0], layer = logits;
        int dense = 0;
        while (layer is Dense or Clip or Flatten)
        {
            dense += layer is Dense ? 1 : 0;
            layer = layer.Inputs[0];
        }

        if (layer is not Pooling { IsAverage: true, IsGlobal: true } pooling || pooling.Inputs[0] is ImageInput)
        {
            throw new CheckpointException($"{path}: '{layer.Name}' is no global average pooling, which a classifier's head is expected to stand behind.");
        }

        StoredTensor? weights = dense == 1 && logits is Dense { Inputs: [Flatten] } head ? head.Kernel : null;
        return new ClassifierHead(logits, probabilities, pooling.Inputs[0], weights);
    }

    /// <summary>The network with its outputs.</summary>
    public Network ToNetwork(ImageInput input)
    {
        var outputs = new Dictionary<string, Layer> { ["logits"] = Logits, ["probabilities"] = Probabilities, ["features"] = Features };
        if (Weights is not null)
        {
            outputs["head_weights"] = new Constant(Weights);
        }

        return new Network(new Dictionary<string, Layer> { ["input"] = input }, outputs);
    }

    /// <summary>Role → name of the output.</summary>
    public IReadOnlyDictionary<string, string> Roles
    {
        get
        {
            var roles = new Dictionary<string, string> { ["logits"] = "logits", ["probabilities"] = "probabilities", ["features"] = "features" };
            if (Weights is not null)
            {
                roles["headWeights"] = "head_weights";
            }

            return roles;
        }
    }
}
