using System.Text.Json;
using SafeVision.Conversion;
using SafeVision.Conversion.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace SafeVision.Training.Networks;

/// <summary>
/// A model that learns: a text decoder of the Llama, Qwen2 or Qwen3 kind, with an InternVL tower where the checkpoint has
/// one. Computes in float32 what the run time's converted model computes.
/// </summary>
public sealed class TrainableNetwork : IDisposable
{
    private readonly TextDecoder _text;
    private readonly VisionTower? _vision;
    private readonly long _imageToken;

    private TrainableNetwork(NetworkWeights weights, TextDecoder text, VisionTower? vision, long imageToken) =>
        (Weights, _text, _vision, _imageToken) = (weights, text, vision, imageToken);

    /// <summary>Its tensors.</summary>
    public NetworkWeights Weights { get; }

    /// <summary>Reads a checkpoint in the layout of transformers (either spelling).</summary>
    /// <exception cref="CheckpointException">A file is missing or unsound, or the architecture is of no kind that learns here.</exception>
    public static TrainableNetwork Load(string folder)
    {
        string path = Path.Combine(folder, "config.json");
        using JsonDocument config = CheckpointJson.Read(path);
        JsonElement root = config.RootElement;
        bool isInternVl = root.TryGetProperty("vision_config", out JsonElement vision) && CheckpointJson.OptionalText(root, "model_type", path) == "internvl";
        JsonElement text = isInternVl ? root.GetProperty("text_config") : root;
        string kind = CheckpointJson.Text(text, "model_type", path);
        if (kind is not ("llama" or "qwen2" or "qwen3"))
        {
            throw new CheckpointException($"{path}: a model of the kind '{kind}' can't be trained here; llama, qwen2 and qwen3 can, alone or in InternVL.");
        }

        NetworkWeights weights = NetworkWeights.Load(folder);
        try
        {
            var decoder = new TextDecoder(weights, TextShape(root, text, path), isInternVl ? "model.language_model." : "model.");
            return isInternVl
                ? new TrainableNetwork(weights, decoder, new VisionTower(weights, VisionShape(root, vision, path)), CheckpointJson.Integer(root, "image_token_id", 0, int.MaxValue, path))
                : new TrainableNetwork(weights, decoder, null, -1);
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The image tokens of preprocessed tiles: [tiles, tokens, width].</summary>
    /// <exception cref="InvalidOperationException">The network has no vision tower.</exception>
    public Tensor See(Tensor pixels) => (_vision ?? throw new InvalidOperationException("The network has no vision tower, but there are images.")).Forward(pixels);

    /// <summary>The logits of every position: [rows, tokens, vocabulary].</summary>
    public Tensor Forward(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Forward(batch, batch.Pixels is { } pixels ? See(pixels) : null);
    }

    /// <summary>The logits of every position, with image tokens that were computed before (<see cref="See"/>).</summary>
    public Tensor Forward(TokenBatch batch, Tensor? features)
    {
        ArgumentNullException.ThrowIfNull(batch);
        Tensor hidden = _text.Embed(batch.Ids);
        if (features is not null)
        {
            Tensor marks = batch.Ids.eq(_imageToken);
            long wanted = marks.sum().ToInt64(), given = features.shape[0] * features.shape[1];
            if (wanted != given)
            {
                throw new ArgumentException($"The rows have {wanted} marks of images, but the tiles give {given} tokens.", nameof(batch));
            }

            hidden = hidden.masked_scatter(marks.unsqueeze(-1), features);
        }

        return _text.Logits(_text.Forward(hidden, batch.Positions, TextDecoder.Mask(batch.Attention)));
    }

    /// <inheritdoc />
    public void Dispose() => Weights.Dispose();

    private static TextDecoderShape TextShape(JsonElement root, JsonElement text, string path)
    {
        int width = CheckpointJson.Integer(text, "hidden_size", 1, 1 << 16, path), heads = CheckpointJson.Integer(text, "num_attention_heads", 1, 1 << 10, path);
        JsonElement rope = text.TryGetProperty("rope_parameters", out JsonElement parameters) && parameters.ValueKind == JsonValueKind.Object ? parameters : text;
        bool isTied = CheckpointJson.OptionalBoolean(root, "tie_word_embeddings", path) ?? CheckpointJson.OptionalBoolean(text, "tie_word_embeddings", path) ?? false;
        return new TextDecoderShape(
            CheckpointJson.Integer(text, "num_hidden_layers", 1, 1 << 10, path),
            heads,
            text.TryGetProperty("num_key_value_heads", out _) ? CheckpointJson.Integer(text, "num_key_value_heads", 1, heads, path) : heads,
            text.TryGetProperty("head_dim", out JsonElement size) && size.ValueKind == JsonValueKind.Number ? size.GetInt32() : width / heads,
            CheckpointJson.Number(text, "rms_norm_eps", path),
            rope.TryGetProperty("rope_theta", out _) ? CheckpointJson.Number(rope, "rope_theta", path) : 10000,
            isTied);
    }

    private static VisionTowerShape VisionShape(JsonElement root, JsonElement vision, string path) => new(
        CheckpointJson.Integer(vision, "num_hidden_layers", 1, 1 << 10, path),
        CheckpointJson.Integer(vision, "num_attention_heads", 1, 1 << 10, path),
        vision.GetProperty("patch_size") is { ValueKind: JsonValueKind.Array } sides ? sides[0].GetInt32() : CheckpointJson.Integer(vision, "patch_size", 1, 1 << 10, path),
        CheckpointJson.Number(vision, "layer_norm_eps", path),
        CheckpointJson.OptionalText(vision, "norm_type", path) == "rms_norm",
        (int)Math.Round(1 / CheckpointJson.Number(root, "downsample_ratio", path)));
}
