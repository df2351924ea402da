using System.Text.Json;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The language models that a vision-language family may hold, by their <c>model_type</c>; the only place that lists them.</summary>
internal static class TextDecoders
{
    private static readonly IReadOnlyDictionary<string, ITextFamily> s_families = new Dictionary<string, ITextFamily>(StringComparer.Ordinal)
    {
        ["llama"] = new LlamaText(QueryKeyValueBias: "attention_bias", OutputBias: "attention_bias", MlpBias: "mlp_bias"),
        ["internlm3"] = new LlamaText(QueryKeyValueBias: "qkv_bias", OutputBias: "bias", MlpBias: "bias"),
        ["qwen2"] = new LlamaText(HasBias: true),
        ["qwen2_vl"] = new LlamaText(HasBias: true),
        ["qwen2_vl_text"] = new LlamaText(HasBias: true),
        ["qwen2_5_vl"] = new LlamaText(HasBias: true),
        ["qwen2_5_vl_text"] = new LlamaText(HasBias: true),
        ["qwen3"] = new LlamaText(QueryKeyValueBias: "attention_bias", OutputBias: "attention_bias", HasHeadNorms: true),
        ["internlm2"] = new InternLM2Text(),
        ["phi3"] = new Phi3Text(),
    };

    /// <summary>Reads a language model.</summary>
    /// <param name="checkpoint">The weights.</param>
    /// <param name="config">The language model's own configuration.</param>
    /// <param name="names">What stands before its tensors' names.</param>
    /// <param name="isTied">What the whole model's configuration says of tied embeddings; null: nothing.</param>
    /// <param name="where">For messages.</param>
    /// <exception cref="CheckpointException">The kind is unknown, or something is missing or does not fit.</exception>
    public static TextDecoder Read(SafetensorsCheckpoint checkpoint, JsonElement config, TextNames names, bool? isTied, string where)
    {
        string type = CheckpointJson.Text(config, "model_type", where);
        return s_families.TryGetValue(type, out ITextFamily? family)
            ? family.Read(new TextSource(checkpoint, config, names, isTied, where))
            : throw new CheckpointException($"{where}: the language model '{type}' is not known; these are: {string.Join(", ", s_families.Keys.Order(StringComparer.Ordinal))}.");
    }
}
