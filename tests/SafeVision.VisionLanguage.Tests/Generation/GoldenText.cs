using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage.Tests.Generation;

/// <summary>A golden case of a tiny InternVL model: prompts, image features, logits and what was written. Its left padding is taken off.</summary>
internal sealed class GoldenText
{
    /// <summary>Steps whose logits are known.</summary>
    public const int Steps = 8;

    /// <summary>Tokens that were written.</summary>
    public const int Written = 16;

    private readonly long[] _ids;
    private readonly long[] _mask;
    private readonly long[] _generated;
    private readonly float[] _logits;
    private readonly float[] _stepLogits;
    private readonly float[] _features = [];
    private readonly int _width;
    private readonly int _length;
    public GoldenText(string model, string golden)
    {
        string file = $"vlm/internvl-{model}-hf/goldens.safetensors";
        ImageToken = GoldenTensors.Json($"vlm/internvl-{model}-hf/goldens.json").GetProperty("image_token_id").GetInt32();
        (int[] shape, _ids) = GoldenTensors.SafeTensorsInt64(file, $"{golden}.input_ids");
        (_, _mask) = GoldenTensors.SafeTensorsInt64(file, $"{golden}.attention_mask");
        (_, _generated) = GoldenTensors.SafeTensorsInt64(file, $"{golden}.generated_ids");
        (int[] logits, _logits) = GoldenTensors.SafeTensors(file, $"{golden}.logits");
        (_, _stepLogits) = GoldenTensors.SafeTensors(file, $"{golden}.step_logits");
        (Rows, _length, Vocabulary) = (shape[0], shape[1], logits[2]);
        if (golden != "text")
        {
            (int[] features, _features) = GoldenTensors.SafeTensors(file, $"{golden}.image_features");
            _width = features[2];
        }
    }

    public int Rows { get; }
    public int Vocabulary { get; }
    public int ImageToken { get; }

    public static string Folder(string model) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", "onnx", $"internvl-{model}");

    public TokenSequence Prompt(int row)
    {
        int[] ids = [.. _ids.Skip((row * _length) + Padding(row)).Take(_length - Padding(row)).Select(id => (int)id)];
        int start = Array.IndexOf(ids, ImageToken), end = Array.LastIndexOf(ids, ImageToken) + 1;
        return new TokenSequence(ids, start < 0 ? [] : [new ImageSpan(start, end - start, (UInt128)row, new ImagePlan { PixelShape = [], Text = "", Regions = [], Tokens = end - start })]);
    }

    public IReadOnlyList<ImageFeatures> Features(int row)
    {
        int before = Enumerable.Range(0, row).Sum(ImageTokens), count = ImageTokens(row);
        return count == 0 ? [] : [new ImageFeatures(_features.AsMemory(before * _width, count * _width), _width)];
    }

    /// <summary>[tokens, vocabulary], without the padding.</summary>
    public ReadOnlySpan<float> Logits(int row) =>
        _logits.AsSpan(((row * _length) + Padding(row)) * Vocabulary, (_length - Padding(row)) * Vocabulary);

    public ReadOnlySpan<float> StepLogits(int step, int row) => _stepLogits.AsSpan(((step * Rows) + row) * Vocabulary, Vocabulary);

    public int[] Generated(int row) => [.. _generated.Skip(row * Written).Take(Written).Select(id => (int)id)];

    private int ImageTokens(int row) => _ids.Skip(row * _length).Take(_length).Count(id => id == ImageToken);

    private int Padding(int row) => _mask.Skip(row * _length).Take(_length).Count(counts => counts == 0);
}
