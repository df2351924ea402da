using SafeVision.Tests.Engines.Conformance;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.VisionLanguage.Tests.Conformance;

/// <summary>Damaged vision-language models.</summary>
public abstract class VisionLanguageFaults(string model, string other, VisionLanguageMode mode) : EngineFaults
{
    protected override string Sound => GoldenText.Folder(model);

    protected override IReadOnlyList<Action<string>> Unsound =>
    [
        .. new[] { float.NaN, float.PositiveInfinity, float.NegativeInfinity }.SelectMany(value => new Action<string>[]
        {
            folder => Fill(folder, "vision_encoder", "m.multi_modal_projector.linear_2.bias", value),
            folder => Fill(folder, "embed_tokens", "e.weight", value),
            folder => Fill(folder, "decoder_model_merged", "d.lm.norm.weight", value),
        }),
        folder => Take(folder, "tokenizer.json"),
        folder =>
        {
            Take(folder, "tokenizer.json");
            Take(folder, "tokenizer_config.json");
        },
        folder => Take(folder, "config.json"),
    ];

    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder, string folder) =>
        builder.UseVisionLanguageModel(folder, options => options.Mode = mode);

    private static void Fill(string folder, string graph, string weights, float value) =>
        OnnxWeights.Fill(Path.Combine(folder, "onnx", $"{graph}.onnx"), weights, value);

    /// <summary>Puts another model's file in the place of this one's.</summary>
    private void Take(string folder, string file) =>
        File.Copy(Path.Combine(GoldenText.Folder(other), file), Path.Combine(folder, file), overwrite: true);
}

public sealed class LlamaFaults() : VisionLanguageFaults("llama", "qwen2", VisionLanguageMode.Fast);

public sealed class Qwen2Faults() : VisionLanguageFaults("qwen2", "llama", VisionLanguageMode.Comprehension);

/// <summary>The damaged model comes second, after a classifier that covers nothing of what it is asked.</summary>
public sealed class CascadeFaults() : VisionLanguageFaults("llama", "qwen2", VisionLanguageMode.Fast), IDisposable
{
    private readonly TinyModel _classifier = new(change: manifest => manifest["categories"]!.AsObject().Clear());

    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder, string folder) => base.Use(builder.UseClassifier(_classifier.Folder), folder);

    public void Dispose() => _classifier.Dispose();
}
