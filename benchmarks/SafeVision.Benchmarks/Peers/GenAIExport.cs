using System.Globalization;
using System.Text.Json;
using Google.Protobuf;
using SafeVision.Conversion.Families;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Benchmarks.Peers;

/// <summary>
/// Writes a checkpoint's language model as OnnxRuntimeGenAI runs it: one graph from ids to the last token's logits, of the same
/// operators that its own model builder chooses for a processor (GroupQueryAttention over one cache), with weights in our form of a
/// precision or as the builder writes them (<c>builder-int4</c>, <c>builder-int8</c>).
/// </summary>
internal static class GenAIExport
{
    public static void Write(string checkpoint, string folder, string precision, TextWriter output)
    {
        if (ModelFamilies.Find(checkpoint, null) is not FamilyNetwork family)
        {
            throw new NotSupportedException($"{checkpoint} is no vision-language model.");
        }

        using VisionLanguageModel model = family.Read(checkpoint, null);
        IWeightForm form = precision.StartsWith(BuilderForm.Prefix, StringComparison.Ordinal)
            ? new BuilderForm(int.Parse(precision.AsSpan(BuilderForm.Prefix.Length), CultureInfo.InvariantCulture))
            : WeightForms.Find(precision);
        TransformerGraph blocks = DecoderGraph.Write(model.Text, form, AttentionStyle.Grouped);
        TakeIds(blocks, model.Text);
        Directory.CreateDirectory(folder);
        WrittenModel written = OnnxFile.Write(Path.Combine(folder, "model.onnx"), blocks.Graph, "benchmark", "1", (_, _) => { }, CancellationToken.None);
        File.WriteAllText(Path.Combine(folder, "genai_config.json"), JsonSerializer.Serialize(Configuration(model.Text)));
        output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{folder}: {written.Bytes / 1e6:0} MB, {precision}"));
    }

    /// <summary>Puts the embedding inside, and asks for the last token's logits always.</summary>
    private static void TakeIds(TransformerGraph blocks, TextDecoder text)
    {
        GraphProto graph = blocks.Graph.Proto;
        int before = graph.Node.Count;
        blocks.Graph.Input(blocks.Graph.Claim("input_ids"), DataType.Int64, ("batch_size", null), ("sequence_length", null));
        string rows = blocks.Embedding(text.Embedding, "input_ids");
        NodeProto[] added = [.. graph.Node.Skip(before)];
        while (graph.Node.Count > before)
        {
            graph.Node.RemoveAt(before);
        }

        foreach (NodeProto node in graph.Node)
        {
            for (int i = 0; i < node.Input.Count; i++)
            {
                node.Input[i] = node.Input[i] == "inputs_embeds" ? rows : node.Input[i];
            }
        }

        for (int i = 0; i < added.Length; i++)
        {
            graph.Node.Insert(i, added[i]);
        }

        foreach (ValueInfoProto input in graph.Input.Where(input => input.Name is "inputs_embeds" or "num_logits_to_keep").ToArray())
        {
            graph.Input.Remove(input);
        }

        graph.Initializer.Add(new TensorProto { Name = "num_logits_to_keep", DataType = (int)DataType.Int64, RawData = ByteString.CopyFrom(BitConverter.GetBytes(1L)) });
        graph.Output.Single(value => value.Name == "logits").Type.TensorType.Shape.Dim[1] = new TensorShapeProto.Types.Dimension { DimValue = 1 };
    }

    private static object Configuration(TextDecoder text) => new
    {
        model = new
        {
            type = "qwen2",
            bos_token_id = 1,
            pad_token_id = 0,
            eos_token_id = new[] { text.Shape.Vocabulary - 1 },
            vocab_size = text.Shape.Vocabulary,
            context_length = text.Shape.Rotary.Rows,
            decoder = new
            {
                session_options = new { log_id = "onnxruntime-genai", provider_options = Array.Empty<object>() },
                filename = "model.onnx",
                head_size = text.Shape.HeadSize,
                hidden_size = text.Shape.Hidden,
                num_attention_heads = text.Shape.Heads,
                num_key_value_heads = text.Shape.KeyValueHeads,
                num_hidden_layers = text.Layers.Count,
                inputs = new { input_ids = "input_ids", attention_mask = "attention_mask", past_key_names = "past_key_values.%d.key", past_value_names = "past_key_values.%d.value" },
                outputs = new { logits = "logits", present_key_names = "present.%d.key", present_value_names = "present.%d.value" },
            },
        },
        search = new { do_sample = false, num_beams = 1, max_length = text.Shape.Rotary.Rows, past_present_share_buffer = true },
    };
}
