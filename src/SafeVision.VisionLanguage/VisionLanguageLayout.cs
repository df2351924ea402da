namespace SafeVision.VisionLanguage;

/// <summary>How a folder of a vision-language model is laid out.</summary>
internal enum VisionLanguageLayout
{
    /// <summary>vision_encoder, embed_tokens and decoder_model_merged, as onnx-community publishes them and <c>safevision convert</c> writes them.</summary>
    OnnxCommunity,

    /// <summary>genai_config.json names files and tensors, as onnxruntime-genai's model builder writes it.</summary>
    GenAI,
}
