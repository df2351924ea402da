namespace SafeVision.Training.Networks;

/// <summary>The sizes of an InternVL vision tower and projector.</summary>
/// <param name="Layers">Number of layers.</param>
/// <param name="Heads">Heads of the attention.</param>
/// <param name="Patch">Side of a patch in pixels.</param>
/// <param name="Epsilon">Of the norms.</param>
/// <param name="HasRmsNorm">RMS norms (the 6B tower) in place of layer norms.</param>
/// <param name="Shrink">Patches along each side that become one token; 2 for the published models.</param>
public sealed record VisionTowerShape(int Layers, int Heads, int Patch, double Epsilon, bool HasRmsNorm, int Shrink);

/// <summary>What turns pixel values into image tokens.</summary>
internal interface IVisionTower
{
    VisionSizes Sizes { get; }

    /// <summary>The image tokens, in the order of the images: [images or tiles, tokens, width of the text model].</summary>
    Tensor Forward(Tensor pixels, IReadOnlyList<(int Frames, int Rows, int Columns)>? grids, GradientTape? tape);
}

/// <summary>The sizes of a vision tower that a forecast of memory needs.</summary>
/// <param name="Layers">Number of layers.</param>
internal sealed record VisionSizes(int Layers, int Width, int Inner, int Heads, int Patches);

/// <summary>InternViT and its projector (transformers, models/internvl).</summary>
internal sealed class VisionTower(NetworkWeights weights, VisionTowerShape shape) : IVisionTower
{
    private const string Tower = "model.vision_tower.";
    private const string Projector = "model.multi_modal_projector.";

    public VisionSizes Sizes => new(
        shape.Layers, (int)weights[$"{Tower}embeddings.patch_embeddings.projection.weight"].shape[0], (int)weights[$"{Tower}encoder.layer.0.mlp.fc1.weight"].shape[0], shape.Heads,
        (int)weights[$"{Tower}embeddings.position_embeddings"].shape[1]);

    /// <summary>Image tokens of preprocessed tiles.</summary>
    /// <param name="pixels">[tiles, 3, side, side].</param>
    /// <param name="grids">Not needed: all tiles are alike.</param>
    /// <param name="tape">Recomputes each layer when gradients are wanted; null: keeps what is in it.</param>
    /// <returns>[tiles, tokens, width of the text model].</returns>
    public Tensor Forward(Tensor pixels, IReadOnlyList<(int Frames, int Rows, int Columns)>? grids, GradientTape? tape)
    {
        const string Patches = Tower + "embeddings.patch_embeddings.projection.";
        Tensor patches = nn.functional.conv2d(pixels, weights[Patches + "weight"], weights[Patches + "bias"], [shape.Patch, shape.Patch]);
        long tiles = patches.shape[0], side = patches.shape[2];
        Tensor hidden = cat([weights[Tower + "embeddings.cls_token"].expand(tiles, -1, -1), patches.flatten(2).transpose(1, 2)], 1);
        hidden = hidden.Plus(weights[Tower + "embeddings.position_embeddings"]); // [tiles, 1 + patches, width]
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string name = $"{Tower}encoder.layer.{layer}.";
            hidden = GradientTape.Through(tape, hidden, input => Layer(input, name));
        }

        return Project(Merge(hidden.narrow(1, 1, hidden.shape[1] - 1), side));
    }

    private Tensor Layer(Tensor hidden, string name)
    {
        hidden = hidden.Plus(Attention(Norm(hidden, $"{name}layernorm_before"), $"{name}attention.") * weights[$"{name}lambda_1"]);
        Tensor inner = nn.functional.gelu(weights.Linear(Norm(hidden, $"{name}layernorm_after"), $"{name}mlp.fc1"));
        return hidden.Plus(weights.Linear(inner, $"{name}mlp.fc2") * weights[$"{name}lambda_2"]);
    }

    /// <summary>Puts squares of patches side by side in the channels (the second form of InternVL's pixel shuffle).</summary>
    private Tensor Merge(Tensor patches, long side)
    {
        long tiles = patches.shape[0], width = patches.shape[2], small = side / shape.Shrink;
        Tensor grid = patches.reshape(tiles, side, small, width * shape.Shrink).permute(0, 2, 1, 3).contiguous();
        return grid.reshape(tiles, small, small, width * shape.Shrink * shape.Shrink).permute(0, 2, 1, 3).reshape(tiles, small * small, -1);
    }

    private Tensor Project(Tensor tokens)
    {
        Tensor normed = nn.functional.layer_norm(tokens, [tokens.shape[^1]], weights[Projector + "layer_norm.weight"], weights[Projector + "layer_norm.bias"], 1e-5);
        return weights.Linear(nn.functional.gelu(weights.Linear(normed, Projector + "linear_1")), Projector + "linear_2").to(ScalarType.Float32);
    }

    private Tensor Attention(Tensor input, string name)
    {
        long tiles = input.shape[0], tokens = input.shape[1], width = input.shape[2];
        Tensor query = weights.Linear(input, $"{name}q_proj"), key = weights.Linear(input, $"{name}k_proj"), value = weights.Linear(input, $"{name}v_proj");
        if (weights.Find($"{name}q_norm.weight") is not null)
        {
            (query, key) = (Norm(query, $"{name}q_norm"), Norm(key, $"{name}k_norm")); // over the whole width, before the heads part
        }

        (query, key) = (query.to(value.dtype), key.to(value.dtype));
        Tensor mixed = nn.functional.scaled_dot_product_attention(Heads(query), Heads(key), Heads(value));
        return weights.Linear(mixed.transpose(1, 2).reshape(tiles, tokens, width), $"{name}projection_layer");

        Tensor Heads(Tensor x) => x.view(tiles, tokens, shape.Heads, width / shape.Heads).transpose(1, 2);
    }

    private Tensor Norm(Tensor x, string name) => shape.HasRmsNorm || name.EndsWith("_norm", StringComparison.Ordinal)
        ? x.RootMeanSquareNormed(shape.Epsilon) * weights[$"{name}.weight"]
        : nn.functional.layer_norm(x, [x.shape[^1]], weights[$"{name}.weight"], weights[$"{name}.bias"], shape.Epsilon);
}
