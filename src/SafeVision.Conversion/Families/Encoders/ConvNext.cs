namespace SafeVision.Conversion.Families.Encoders;

/// <summary>ConvNeXt as a classifier (Liu et al., arXiv 2201.03545; transformers, modeling_convnext.py, ConvNextForImageClassification).</summary>
internal sealed class ConvNextClassifier : IEncoderFamily
{
    private const double InnerEpsilon = 1e-6; // of all norms but the last, whatever layer_norm_eps says
    private const int MostStages = 16;
    private const int MostBlocks = 512;

    private static readonly EncoderDefaults s_defaults = new() { Width = 768, Intermediate = 3072, Heads = 1, Activation = "gelu", Epsilon = 1e-12, PatchSize = 4 };

    public string Name => "convnext-classifier";

    public bool Recognizes(string folder) => CheckpointFile.ConfigText(folder, "model_type") == "convnext";

    public EncoderModel Read(string folder, ConversionRecipe recipe) => EncoderModel.Read(folder, (checkpoint, config) =>
    {
        var source = new EncoderSource(checkpoint, TensorPrefix.Find(checkpoint, "embeddings.patch_embeddings.weight"), config, s_defaults);
        source.RequireColour();
        int stages = source.Integer("num_stages", 1, MostStages, 4);
        int[] widths = Sizes(source, "hidden_sizes", [96, 192, 384, 768], stages, 1 << 16), depths = Sizes(source, "depths", [3, 3, 9, 3], stages, MostBlocks);
        bool scales = config["layer_scale_init_value"].Number(1e-6) > 0;
        Imaging.PreprocessingRecipe preprocessing = ImageProcessor.Read(folder, ImageProcessor.ConvNext, null, recipe);
        ClassifierLabels labels = ClassifierLabels.Read(checkpoint, config, widths[^1]);
        (int patch, int patchWidth) = source.PatchSize;
        var network = new ConvNextEncoder
        {
            ImageSize = preprocessing.InputSize,
            Activation = source.Activation,
            Stem = new ConvNextReduction(source.Kernel("embeddings.patch_embeddings", true, widths[0], ImageInput.Channels, patch, patchWidth), patch, patchWidth),
            StemNorm = Norm("embeddings.layernorm", widths[0], InnerEpsilon),
            Stages = [.. Enumerable.Range(0, stages).Select(ReadStage)],
            Head = new EncoderHead
            {
                Pooling = new MeanPooling(widths[^1]),
                Norm = Norm("layernorm", widths[^1], source.Epsilon),
                Projection = labels.Projection,
                Output = EncoderHead.Logits,
            },
        };
        return new EncoderModel { Kind = "imageClassifier", Encoders = [network.Checked(config.Where)], Labels = labels.Names, Preprocessing = preprocessing };

        ConvNextStage ReadStage(int stage)
        {
            string name = $"encoder.stages.{stage}";
            int width = widths[stage];
            return new ConvNextStage(
                stage == 0 ? null : Norm($"{name}.downsampling_layer.0", widths[stage - 1], InnerEpsilon),
                stage == 0 ? null : new ConvNextReduction(source.Kernel($"{name}.downsampling_layer.1", true, width, widths[stage - 1], 2, 2), 2, 2),
                [.. Enumerable.Range(0, depths[stage]).Select(i => ReadBlock($"{name}.layers.{i}", width))]);
        }

        ConvNextBlock ReadBlock(string name, int width)
        {
            Projection down = source.Linear($"{name}.pwconv2", width, 4 * width);
            return new ConvNextBlock(
                name,
                source.Kernel($"{name}.dwconv", true, width, 1, ConvNextBlock.KernelSize, ConvNextBlock.KernelSize),
                Norm($"{name}.layernorm", width, InnerEpsilon),
                source.Linear($"{name}.pwconv1", 4 * width, width),
                scales ? down.Scale(source.Vector($"{name}.layer_scale_parameter", width)) : down);
        }

        NormWeights Norm(string name, int width, double epsilon) => NormWeights.Layer(checkpoint, source.Prefix + name, width, epsilon);
    });

    private static int[] Sizes(EncoderSource source, string name, int[] otherwise, int count, int most)
    {
        int[] sizes = source.Config[name] is { Exists: true } list ? list.Integers(1, most) : otherwise;
        return sizes.Length == count ? sizes : throw source.Config[name].Wrong($"{count} whole numbers (num_stages) from 1 to {most}");
    }
}
