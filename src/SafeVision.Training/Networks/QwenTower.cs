namespace SafeVision.Training.Networks;

/// <summary>The sizes of a Qwen2.5-VL vision tower.</summary>
/// <param name="Layers">Number of layers.</param>
/// <param name="Merge">Patches along each side that become one token.</param>
/// <param name="Window">Tokens along each side of a window.</param>
/// <param name="WholeLayers">The layers in which all patches of an image attend to one another.</param>
internal sealed record QwenTowerShape(int Layers, int Heads, int Merge, int Window, IReadOnlyList<int> WholeLayers);

/// <summary>The vision tower of Qwen2.5-VL (transformers, models/qwen2_5_vl): patches attend within windows, in some layers to all.</summary>
internal sealed class QwenTower(NetworkWeights weights, QwenTowerShape shape) : IVisionTower
{
    private const string Tower = "model.visual.";
    private const double Epsilon = 1e-6; // the reference has no setting for it

    public VisionSizes Sizes => new(shape.Layers, Width, (int)weights[$"{Tower}blocks.0.mlp.gate_proj.weight"].shape[0], shape.Heads, shape.Window * shape.Window * shape.Merge * shape.Merge);

    private int Width => (int)weights[$"{Tower}patch_embed.proj.weight"].shape[0];

    /// <summary>Image tokens of each image, one after the other: [1, tokens, width of the text model].</summary>
    /// <param name="pixels">[patches, numbers of a patch], the patches that become one token side by side.</param>
    /// <param name="grids">Each image's grid of tokens.</param>
    /// <param name="tape">Recomputes each layer when gradients are wanted; null: keeps what is in it.</param>
    public Tensor Forward(Tensor pixels, IReadOnlyList<(int Frames, int Rows, int Columns)>? grids, GradientTape? tape)
    {
        Tensor kernel = weights[$"{Tower}patch_embed.proj.weight"];
        Tensor patches = nn.functional.linear(pixels, kernel.flatten(1)); // [patches, width]
        var images = new List<Tensor>();
        long first = 0;
        foreach ((int frames, int rows, int columns) in grids ?? throw new ArgumentException("The images' grids are missing.", nameof(grids)))
        {
            long count = (long)frames * rows * columns * shape.Merge * shape.Merge;
            images.Add(Look(patches.narrow(0, first, count), rows, columns, tape));
            first += count;
        }

        return cat(images, 0).unsqueeze(0);
    }

    private Tensor Look(Tensor patches, int rows, int columns, GradientTape? tape)
    {
        (long[] order, long[] windows) = Windows(rows, columns);
        int square = shape.Merge * shape.Merge;
        Device device = patches.device;
        Tensor places = tensor(order, device: device), hidden = patches.view(rows * columns, square, -1).index_select(0, places).flatten(0, 1); // [patches, width]
        (Tensor cosine, Tensor sine) = Rotation(rows, columns, order, device);
        Tensor window = tensor(windows.SelectMany(own => Enumerable.Repeat(own, square)).ToArray(), device: device);
        Tensor apart = zeros(window.shape[0], window.shape[0], device: device).Filled(window.unsqueeze(0).ne(window.unsqueeze(1)), -1e30f).to(weights.Products);
        for (int layer = 0; layer < shape.Layers; layer++)
        {
            string name = $"{Tower}blocks.{layer}.";
            Tensor? mask = shape.WholeLayers.Contains(layer) ? null : apart;
            hidden = GradientTape.Through(tape, hidden, Layer);

            Tensor Layer(Tensor input)
            {
                input = input.Plus(Attention(Norm(input, $"{name}norm1"), $"{name}attn.", cosine, sine, mask));
                return input.Plus(weights.Gated(Norm(input, $"{name}norm2"), $"{name}mlp"));
            }
        }

        Tensor merged = Norm(hidden, $"{Tower}merger.ln_q").view(rows * columns, -1);
        merged = weights.Linear(nn.functional.gelu(weights.Linear(merged, $"{Tower}merger.mlp.0")), $"{Tower}merger.mlp.2").to(ScalarType.Float32);
        return merged.index_select(0, places.argsort()); // back from windows to rows
    }

    private Tensor Attention(Tensor input, string name, Tensor cosine, Tensor sine, Tensor? mask)
    {
        long count = input.shape[0], width = input.shape[1], size = width / shape.Heads;
        Tensor all = weights.Linear(input, $"{name}qkv").view(count, 3, shape.Heads, size).permute(1, 2, 0, 3); // [3, heads, patches, size]
        Tensor value = all[2], query = all[0].Turned(cosine, sine).to(value.dtype), key = all[1].Turned(cosine, sine).to(value.dtype);
        Tensor mixed = nn.functional.scaled_dot_product_attention(query.unsqueeze(0), key.unsqueeze(0), value.unsqueeze(0), mask);
        return weights.Linear(mixed.squeeze(0).transpose(0, 1).reshape(count, width), $"{name}proj");
    }

    /// <summary>The tokens in the order of their windows, and the window of each place.</summary>
    private (long[] Order, long[] Windows) Windows(int rows, int columns)
    {
        var places = from row in Enumerable.Range(0, rows)
                     from column in Enumerable.Range(0, columns)
                     select (Token: ((long)row * columns) + column, Window: ((long)(row / shape.Window) * columns) + (column / shape.Window));
        (long Token, long Window)[] sorted = [.. places.OrderBy(place => place.Window).ThenBy(place => place.Token)];
        return ([.. sorted.Select(place => place.Token)], [.. sorted.Select(place => place.Window)]);
    }

    /// <summary>Half of a head turns by a patch's row, half by its column: [patches, size].</summary>
    private (Tensor Cosine, Tensor Sine) Rotation(int rows, int columns, long[] order, Device device)
    {
        int size = Width / shape.Heads, merge = shape.Merge;
        float[] rowOf = new float[order.Length * merge * merge], columnOf = new float[rowOf.Length];
        for (int place = 0; place < order.Length; place++)
        {
            for (int inner = 0; inner < merge * merge; inner++)
            {
                rowOf[(place * merge * merge) + inner] = (order[place] / columns * merge) + (inner / merge);
                columnOf[(place * merge * merge) + inner] = (order[place] % columns * merge) + (inner % merge);
            }
        }

        Tensor rates = tensor(Enumerable.Range(0, (size / 2 + 1) / 2).Select(i => 2f * i).ToArray(), device: device).Times(-Math.Log(10000) / (size / 2)).exp();
        Tensor angles = cat([tensor(rowOf, device: device).unsqueeze(1) * rates, tensor(columnOf, device: device).unsqueeze(1) * rates], -1); // [patches, size / 2]
        angles = cat([angles, angles], -1);
        return (angles.cos(), angles.sin());
    }

    private Tensor Norm(Tensor x, string name) => x.RootMeanSquareNormed(Epsilon) * weights[$"{name}.weight"];
}
