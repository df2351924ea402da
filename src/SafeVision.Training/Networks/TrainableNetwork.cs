namespace SafeVision.Training.Networks;

/// <summary>A model that learns: a text decoder of the Llama, InternLM2, Qwen2 or Qwen3 kind, with the tower of InternVL or
/// Qwen2.5-VL where the checkpoint has one. Computes in float32 what the run time's converted model computes.</summary>
public sealed class TrainableNetwork : IDisposable
{
    private const string InternVl = "internvl";
    private const string Nano = "nano";
    private const string QwenVl = "qwen2_5_vl";
    private const int MostConfigBytes = 1 << 20;

    private readonly TextDecoder _text;
    private readonly IVisionTower? _vision;
    private readonly long _imageToken;
    private GradientTape? _tape;

    private TrainableNetwork(NetworkWeights weights, TextDecoder text, IVisionTower? vision, long imageToken) =>
        (Weights, _text, _vision, _imageToken) = (weights, text, vision, imageToken);

    /// <summary>Its tensors.</summary>
    public NetworkWeights Weights { get; }

    /// <summary>Reads a checkpoint: InternVL in the layouts of transformers and of its authors, Qwen2.5-VL in either spelling, or a text model alone.</summary>
    /// <exception cref="CheckpointException">A file is missing or unsound, or the architecture is of no kind that learns here.</exception>
    public static TrainableNetwork Load(string folder) => Load(folder, shrinks: false);

    /// <summary>Reads a checkpoint; matrices as bfloat16 where nothing will train them.</summary>
    internal static TrainableNetwork Load(string folder, bool shrinks)
    {
        JsonValue root = Read(Path.Combine(folder, "config.json"));
        string type = root["model_type"].RequiredText();
        VisionLanguageFamily? family = VisionLanguageFamily.Find(type);
        TextSettings text = family?.ReadText(root) ?? new TextSettings(root);
        bool isQwenVl = type == QwenVl;
        if (!isQwenVl && (family is not null and not { Name: InternVl or Nano } || text.Type is not ("llama" or "internlm2" or "qwen2" or "qwen3")))
        {
            throw (family is null ? text.Config : root)["model_type"].Wrong("llama, internlm2, qwen2 or qwen3, alone, in InternVL or in Nano, or Qwen2.5-VL, which can be trained here");
        }

        NetworkWeights weights = NetworkWeights.Load(folder, family, text.KeyValueHeads, text.Heads / text.KeyValueHeads, shrinks);
        try
        {
            var decoder = new TextDecoder(weights, ShapeOf(text, weights), family is null ? "model." : "model.language_model.");
            if (family is null)
            {
                return new TrainableNetwork(weights, decoder, null, -1);
            }

            VisionSettings vision = family.ReadVision(root);
            return new TrainableNetwork(weights, decoder, isQwenVl ? new QwenTower(weights, QwenShapeOf(vision)) : family.Name == Nano ? new CellTower(weights, ConvolutionShape.Read(vision.Config)) : new VisionTower(weights, ShapeOf(root, vision)), ImageToken(folder, root));
        }
        catch
        {
            weights.Dispose();
            throw;
        }
    }

    /// <summary>The tower of Nano; null: it has another one, or none.</summary>
    internal CellTower? Cells => _vision as CellTower;

    /// <summary>Whether layers are computed a second time for their gradients, in place of keeping all that is in them; default false.</summary>
    public bool Recomputes { get; set; }

    /// <summary>The gradients of a loss of this network's outputs; with <see cref="Recomputes"/> this must be called in place of the loss's own method.</summary>
    public void Backward(Tensor loss)
    {
        ArgumentNullException.ThrowIfNull(loss);
        loss.backward();
        _tape?.Backward();
        _tape = null;
    }

    /// <summary>The image tokens of preprocessed tiles: [tiles, tokens, width].</summary>
    /// <param name="pixels">As the model's family prepares them.</param>
    /// <param name="grids">Each image's grid of image tokens, where the family has one.</param>
    /// <exception cref="InvalidOperationException">The network has no vision tower.</exception>
    public Tensor See(Tensor pixels, IReadOnlyList<(int Frames, int Rows, int Columns)>? grids = null)
    {
        ArgumentNullException.ThrowIfNull(pixels);
        IVisionTower tower = _vision ?? throw new InvalidOperationException("The network has no vision tower, but there are images.");
        return tower.Forward(pixels.to(Weights.Device), grids, Weights.LearnsVision ? Tape() : null);
    }

    /// <summary>The image tokens of a batch's images, in their order.</summary>
    public Tensor See(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return See(batch.Pixels ?? throw new ArgumentException("The batch has no images.", nameof(batch)), batch.Grids);
    }

    /// <summary>The logits of every position: [rows, tokens, vocabulary].</summary>
    public Tensor Forward(TokenBatch batch)
    {
        ArgumentNullException.ThrowIfNull(batch);
        return Forward(batch, batch.Pixels is null ? null : See(batch));
    }

    /// <summary>The logits of every position, with image tokens that were computed before (<see cref="See(TokenBatch)"/>).</summary>
    /// <param name="batch">The tokens.</param>
    /// <param name="features">The image tokens; null: there are no images.</param>
    /// <param name="from">The first position whose logits are wanted: a prompt's own take more memory than all else, and nothing learns from them.</param>
    public Tensor Forward(TokenBatch batch, Tensor? features, int from = 0)
    {
        Tensor hidden = Hidden(batch, features);
        return Logits(from == 0 ? hidden : hidden.narrow(1, from, hidden.shape[1] - from));
    }

    /// <summary>What the last layer makes of every position: [rows, tokens, width].</summary>
    internal Tensor Hidden(TokenBatch batch, Tensor? features)
    {
        ArgumentNullException.ThrowIfNull(batch);
        batch = batch.On(Weights.Device);
        Tensor hidden = _text.Embed(batch.Ids);
        if (features is not null)
        {
            Tensor marks = batch.Ids.Is(_imageToken);
            long wanted = marks.sum().ToInt64(), given = features.shape[0] * features.shape[1];
            if (wanted != given)
            {
                throw new ArgumentException($"The rows have {wanted} marks of images, but the tiles give {given} tokens.", nameof(batch));
            }

            hidden = hidden.masked_scatter(marks.unsqueeze(-1), features);
        }

        return _text.Forward(hidden, batch.Positions, TextDecoder.Mask(batch.Attention), Tape());
    }

    /// <summary>[…, width] to […, vocabulary].</summary>
    internal Tensor Logits(Tensor hidden) => _text.Logits(hidden);

    internal Runs.NetworkSizes Sizes => new(_text.Shape.Layers, _text.Width, _text.Inner, _text.Shape.Heads, _text.Vocabulary, _vision?.Sizes ?? new VisionSizes(0, 0, 0, 0, 0));

    /// <inheritdoc />
    public void Dispose() => Weights.Dispose();

    private GradientTape? Tape() => Recomputes && is_grad_enabled() ? _tape ??= new GradientTape() : null;

    private static JsonValue Read(string path)
    {
        try
        {
            return JsonValue.Parse(path, RegularFile.ReadAllBytes(path, MostConfigBytes), (message, inner) => new CheckpointException(message, inner));
        }
        catch (IOException exception)
        {
            throw new CheckpointException($"{path}: can't be read. {exception.Message}", exception);
        }
    }

    private static TextDecoderShape ShapeOf(TextSettings text, NetworkWeights weights) =>
        new(text.Layers, text.Heads, text.KeyValueHeads, text.HeadSize, text.Epsilon, text.Rotary, text.IsTied(weights.Find("lm_head.weight") is not null)) { Sections = text.RotarySections ?? [] };

    private static VisionTowerShape ShapeOf(JsonValue root, VisionSettings vision) => vision.IsMergeTransposed
        ? throw root["ps_version"].Wrong("v2: older models put image tokens in another order, and can't be trained here")
        : new(vision.UsedLayers, vision.Heads, vision.PatchSize, vision.Epsilon, vision.HasRmsNorm, vision.Merge);

    private static QwenTowerShape QwenShapeOf(VisionSettings vision) => new(vision.Layers, vision.Heads, vision.Merge, vision.Window!.Value / vision.Merge, vision.WholeLayers);

    /// <summary>Stated by transformers; in InternVL's own layout the tokenizer knows it.</summary>
    private static int ImageToken(string folder, JsonValue root) => root["image_token_id"].Exists
        ? root["image_token_id"].Integer(0, int.MaxValue)
        : TextTokenizer.Open(folder).Find("<IMG_CONTEXT>") ?? throw root["image_token_id"].Wrong("the id of <IMG_CONTEXT>, which the tokenizer does not have either");
}
