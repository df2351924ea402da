using System.Text.Json.Nodes;
using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;
using SafeVision.Models;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Models of shapes that no fixture has, in which the graph must agree with the reference computation.</summary>
public sealed class OtherShapesTests
{
    private const string OldInternVL = """
        {"model_type": "internvl_chat", "downsample_ratio": 0.5, "select_layer": -2,
         "vision_config": {"hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 3, "num_attention_heads": 5, "image_size": 84, "patch_size": 14,
           "norm_type": "rms_norm", "qk_normalization": true, "qkv_bias": true, "layer_norm_eps": 1e-5},
         "llm_config": {"model_type": "internlm2", "hidden_size": 48, "intermediate_size": 72, "num_hidden_layers": 3, "num_attention_heads": 6,
           "num_key_value_heads": 2, "vocab_size": 97, "bias": true, "rms_norm_eps": 1e-5, "rope_theta": 10000, "tie_word_embeddings": false}}
        """;

    private const string WithHeadNorms = """
        {"model_type": "internvl", "downsample_ratio": 0.3333333,
         "vision_config": {"hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2, "image_size": 42, "patch_size": 7,
           "norm_type": "layer_norm", "use_qk_norm": true, "attention_bias": true, "use_mean_pooling": false, "hidden_act": "gelu_pytorch_tanh"},
         "text_config": {"model_type": "qwen3", "hidden_size": 40, "intermediate_size": 56, "num_hidden_layers": 2, "num_attention_heads": 3,
           "num_key_value_heads": 1, "head_dim": 32, "vocab_size": 101, "rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 5000000.0},
           "tie_word_embeddings": true}}
        """;

    private const string WithEveryBias = """
        {"model_type": "internvl", "downsample_ratio": 1,
         "vision_config": {"hidden_size": 24, "intermediate_size": 40, "num_hidden_layers": 1, "num_attention_heads": 1, "image_size": 28, "patch_size": 14,
           "norm_type": "rms_norm", "use_qk_norm": false, "attention_bias": false, "use_mean_pooling": true, "hidden_act": "quick_gelu"},
         "text_config": {"model_type": "llama", "hidden_size": 32, "intermediate_size": 40, "num_hidden_layers": 1, "num_attention_heads": 2,
           "num_key_value_heads": 2, "vocab_size": 33, "attention_bias": true, "mlp_bias": true, "rope_theta": 500000.0, "max_position_embeddings": 131072,
           "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 8192}}}
        """;

    [Theory]
    [InlineData(OldInternVL, false)]
    [InlineData(WithHeadNorms, true)]
    [InlineData(WithEveryBias, true)]
    public async Task A_graph_of_any_shape_is_what_the_plain_computation_says(string config, bool isGrouped)
    {
        using var folder = new TemporaryFolder();
        new RandomCheckpoint(5).Write(folder.PathOf("source"), JsonNode.Parse(config)!.AsObject());
        ConversionResult result = await ModelConverter.ConvertAsync(new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model") });
        Assert.InRange(result.LargestDifference!.Value, double.Epsilon, 1e-5);
        Assert.Equal("whole", result.Manifest.Converted!.Options["verified"]);
        using var model = new ConvertedModel(folder.PathOf("model"));
        Assert.Equal(!isGrouped, model.Decoder.InputNames.Contains("position_ids")); // the fused operator has positions of its own
        Assert.Equal("visionLanguage", ModelManifest.Read(ModelFolder.OnDisk(folder.PathOf("model"))).Kind);
    }

    [Theory]
    [InlineData(OldInternVL)]
    [InlineData(WithHeadNorms)]
    [InlineData(WithEveryBias)]
    public void Standard_attention_says_the_same(string config)
    {
        using var folder = new TemporaryFolder();
        new RandomCheckpoint(6).Write(folder.PathOf("source"), JsonNode.Parse(config)!.AsObject());
        using VisionLanguageModel source = new InternVL().Read(folder.PathOf("source"));
        var written = new WrittenGraph(folder.PathOf("decoder.onnx"), DecoderGraph.Write(source.Text, new Float32Form(), AttentionStyle.Standard));
        OnnxFile.Write(written.Path, written.Blocks.Graph, "test", "1", (_, _) => { }, CancellationToken.None);
        float[] embeddings = VisionInput.Noise(9, 6, source.Text.Shape.Hidden).Numbers;
        using var probe = new DecoderProbe(source.Text.Shape, embeddings);
        (float[] prefill, float[] step) = probe.ReadAndStep(written, CancellationToken.None);
        float[] hidden = ReferenceDecoder.Run(source.Text, embeddings, source.Text.Layers.Count, () => { }, CancellationToken.None);
        Numbers.Close(ReferenceDecoder.Logits(source.Text, hidden), [.. prefill, .. step], 1e-4f);
    }
}
