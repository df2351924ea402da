using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Runs the three graphs of a converted vision-language model, bound as their names say.</summary>
internal sealed class ConvertedModel : IDisposable
{
    private readonly InferenceSession _vision, _embedding, _decoder;

    /// <param name="folder">The model's folder.</param>
    /// <param name="suffix">What its precision puts behind the names of the graphs.</param>
    public ConvertedModel(string folder, string suffix = "")
    {
        _vision = OnnxRuntime.Open(Path.Combine(folder, $"onnx/vision_encoder{suffix}.onnx"), OnnxRuntime.CreateOptions());
        _embedding = OnnxRuntime.Open(Path.Combine(folder, $"onnx/embed_tokens{suffix}.onnx"), OnnxRuntime.CreateOptions());
        _decoder = OnnxRuntime.Open(Path.Combine(folder, $"onnx/decoder_model_merged{suffix}.onnx"), OnnxRuntime.CreateOptions());
    }

    public InferenceSession Decoder => _decoder;

    public float[] Features(Golden pixels) => Run(_vision, "pixel_values", OrtValue.CreateTensorValueFromMemory(pixels.Numbers, pixels.Shape));

    /// <summary>The features of one image of any size.</summary>
    public float[] Features(Golden pixels, long[] grid)
    {
        using OrtValue numbers = OrtValue.CreateTensorValueFromMemory(pixels.Numbers, pixels.Shape), sizes = OrtValue.CreateTensorValueFromMemory(grid, [1, 3]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = _vision.Run(options, ["pixel_values", "grid_thw"], [numbers, sizes], ["image_features"]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    public float[] Embed(long[] ids) => Run(_embedding, "input_ids", OrtValue.CreateTensorValueFromMemory(ids, [1, ids.Length]));

    /// <summary>One run of the decoder: as many rows as there are masks, of equal lengths.</summary>
    public Step Decode(float[] embeddings, long[][] masks, Step? past, long kept, long[]? positions = null)
    {
        int batch = masks.Length, total = masks[0].Length, hidden = _decoder.InputMetadata["inputs_embeds"].Dimensions[2];
        int length = embeddings.Length / batch / hidden;
        var inputs = new Dictionary<string, OrtValue>
        {
            ["inputs_embeds"] = OrtValue.CreateTensorValueFromMemory(embeddings, [batch, length, hidden]),
            ["attention_mask"] = OrtValue.CreateTensorValueFromMemory(masks.SelectMany(mask => mask).ToArray(), [batch, total]),
            ["num_logits_to_keep"] = OrtValue.CreateTensorValueFromMemory([kept], []),
        };
        if (positions is not null)
        {
            long[] shape = _decoder.InputMetadata["position_ids"].Dimensions.Length == 3 ? [3, batch, length] : [batch, length];
            inputs["position_ids"] = OrtValue.CreateTensorValueFromMemory(positions, shape);
        }

        foreach (string name in _decoder.InputMetadata.Keys.Where(name => name.StartsWith("past_key_values.", StringComparison.Ordinal)))
        {
            int[] shape = _decoder.InputMetadata[name].Dimensions;
            long[] empty = [batch, shape[1], 0, shape[3]];
            inputs[name] = past?.Cache[name.Replace("past_key_values", "present", StringComparison.Ordinal)]
                ?? (_decoder.InputMetadata[name].ElementDataType == TensorElementType.Float16
                    ? OrtValue.CreateTensorValueFromMemory(Array.Empty<Float16>(), empty)
                    : OrtValue.CreateTensorValueFromMemory(Array.Empty<float>(), empty));
        }

        Assert.Equal(_decoder.InputMetadata.Keys.Order(), inputs.Keys.Order());
        using var options = new RunOptions();
        string[] names = [.. _decoder.OutputMetadata.Keys];
        IDisposableReadOnlyCollection<OrtValue> results = _decoder.Run(options, inputs.Keys, inputs.Values, names);
        return new Step(results, names);
    }

    public void Dispose()
    {
        _vision.Dispose();
        _embedding.Dispose();
        _decoder.Dispose();
    }

    private static float[] Run(InferenceSession session, string input, OrtValue value)
    {
        using (value)
        {
            using var options = new RunOptions();
            using IDisposableReadOnlyCollection<OrtValue> results = session.Run(options, [input], [value], session.OutputNames);
            return results[0].GetTensorDataAsSpan<float>().ToArray();
        }
    }

    /// <summary>What a run yields.</summary>
    internal sealed record Step(IDisposableReadOnlyCollection<OrtValue> Values, string[] Names) : IDisposable
    {
        public float[] Logits { get; } = Values[Array.IndexOf(Names, "logits")].GetTensorDataAsSpan<float>().ToArray();
        public Dictionary<string, OrtValue> Cache { get; } = Names.Select((name, i) => (name, Values[i])).Where(pair => pair.name != "logits").ToDictionary();

        public void Dispose() => Values.Dispose();
    }
}
