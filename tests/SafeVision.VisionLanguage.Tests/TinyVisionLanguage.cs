using SafeVision.Tests.Fakes;

namespace SafeVision.VisionLanguage.Tests;

/// <summary>Writes three graphs of a few hundred bytes that have the right tensors and compute nothing: for what is read from headers alone.</summary>
internal sealed class TinyVisionLanguage(TemporaryFolder folder, bool genAI = false)
{
    public string Folder => folder.Path;

    /// <summary>What every tensor's name begins with; with a prefix, keys and values are called <c>past_0_k</c> and so on.</summary>
    public string Prefix { get; init; } = "";

    public bool MergesImages { get; init; }

    /// <summary>The layers that have a GroupQueryAttention node.</summary>
    public int[] Attentions { get; init; } = [];

    /// <summary>Another input of the decoder.</summary>
    public string? Extra { get; init; }

    /// <summary>A tensor that has another form than it should (type letter, sizes), or is left out.</summary>
    public (string Name, string? Form)? Change { get; init; }

    public TinyVisionLanguage Write(string? configuration = null)
    {
        folder.Write(genAI ? "genai_config.json" : "config.json", configuration ?? "{}");
        WriteVision();
        var embedding = new OnnxBytes();
        Input(embedding, "input_ids", "i -1 -1");
        if (MergesImages)
        {
            Input(embedding, "image_features", "f -1 8");
        }

        Output(embedding, "inputs_embeds", "f -1 -1 8");
        folder.Write(genAI ? "embedding.onnx" : "onnx/embed_tokens.onnx", embedding.ToArray());
        WriteDecoder();
        return this;
    }

    public void WriteVision()
    {
        var vision = new OnnxBytes();
        Input(vision, "pixel_values", "f -1 3 4 4");
        if (genAI)
        {
            Input(vision, "grid", "i -1 3");
        }

        Output(vision, "image_features", "f -1 4 8");
        folder.Write(genAI ? "vision.onnx" : "onnx/vision_encoder.onnx", vision.ToArray());
    }

    private void WriteDecoder()
    {
        var decoder = new OnnxBytes();
        Input(decoder, "inputs_embeds", "f -1 -1 8", isDecoder: true);
        Input(decoder, "attention_mask", "i -1 -1");
        Input(decoder, "position_ids", "i -1 -1");
        if (Extra is not null)
        {
            Input(decoder, Extra, "f -1 2");
        }

        Output(decoder, "logits", "f -1 -1 16");
        for (int layer = 0; layer < 2; layer++)
        {
            foreach (string kind in new[] { "key", "value" })
            {
                Input(decoder, Cache("past_key_values", "past", layer, kind), "f -1 2 -1 4");
                Output(decoder, Cache("present", "present", layer, kind), "f -1 2 -1 4");
            }

            if (Attentions.Contains(layer))
            {
                decoder.Node(
                    "com.microsoft", "GroupQueryAttention",
                    ["q", "", "", Cache("past_key_values", "", layer, "key"), Cache("past_key_values", "", layer, "value"), "s", "t"],
                    ["o", Cache("present", "", layer, "key"), Cache("present", "", layer, "value")]);
            }
        }

        folder.Write(genAI ? "model.onnx" : "onnx/decoder_model_merged.onnx", decoder.ToArray(domain: "com.microsoft"));
    }

    private string Cache(string usual, string prefixed, int layer, string kind) =>
        Prefix.Length == 0 ? $"{usual}.{layer}.{kind}" : $"{prefixed}_{layer}_{kind[..1]}";

    private void Input(OnnxBytes graph, string name, string form, bool isDecoder = false) => Add(graph.Input, name, form, isDecoder);

    private void Output(OnnxBytes graph, string name, string form) => Add(graph.Output, name, form, isDecoder: false);

    private void Add(Func<string, int, long[], OnnxBytes> add, string name, string form, bool isDecoder)
    {
        // inputs_embeds is the embedding's output too; the decoder's is the one that changes.
        if (Change is { } change && change.Name == name && (name != "inputs_embeds" || isDecoder))
        {
            form = change.Form ?? "";
        }

        string[] parts = form.Split(' ');
        int type = parts[0] switch { "f" => OnnxBytes.Float, "h" => OnnxBytes.Half, "i" => OnnxBytes.Int64, "u" => 2, "b" => 16, _ => 0 };
        if (type > 0)
        {
            add(Prefix + name, type, [.. parts.Skip(1).Select(long.Parse)]);
        }
    }
}
