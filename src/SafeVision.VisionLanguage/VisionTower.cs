using Microsoft.ML.OnnxRuntime.Tensors;

namespace SafeVision.VisionLanguage;

/// <summary>Turns an image's pixel values into one feature for each image token. Thread-safe.</summary>
internal sealed class VisionTower
{
    private readonly ModelSession _session;
    private readonly VisionNames _names;
    private readonly int _tilesPerRun;

    /// <param name="tilesPerRun">The most tiles of one run where tiles are independent: bounds the memory of attention, which grows with each.</param>
    public VisionTower(ModelSession session, VisionNames names, int tilesPerRun) => (_session, _names, _tilesPerRun) = (session, names, tilesPerRun);

    /// <summary>How many tiles were looked at so far.</summary>
    public long Looks { get; private set; }

    /// <summary>Computes an image's features; can be cancelled between tiles and between operators.</summary>
    /// <param name="pixels">Their pixels.</param>
    /// <param name="known">A tile that was looked at before; it is not looked at again.</param>
    /// <exception cref="ModelOutputException">The features are not as many as the image has tokens, or not finite.</exception>
    public ImageFeatures Encode(ImagePlan plan, ReadOnlyMemory<float> pixels, KnownTile? known, CancellationToken cancellationToken)
    {
        // [tiles, 3, side, side] without anything that belongs to all tiles together: they can go one after the other.
        bool apart = plan.PixelShape.Count == 4 && plan.Inputs.Count == 0 && plan.Tokens % plan.PixelShape[0] == 0;
        int tiles = apart ? (int)plan.PixelShape[0] : 1;
        int tile = plan.PixelCount / tiles;
        float[] features = [];
        int width = 0, filled = 0;
        for (int start = 0; start < tiles; start += _tilesPerRun)
        {
            int count = Math.Min(_tilesPerRun, tiles - start);
            long[] shape = apart ? [count, .. plan.PixelShape.Skip(1)] : [.. plan.PixelShape];
            int tokens = plan.Tokens / tiles * count;
            if (apart && known is not null && known.Features.Tokens == tokens && pixels.Span.Slice(start * tile, count * tile).SequenceEqual(known.Pixels))
            {
                (width, features) = (known.Features.Width, features.Length == 0 ? new float[plan.Tokens * known.Features.Width] : features);
                known.Features.Values.Span.CopyTo(features.AsSpan(filled));
                filled += known.Features.Values.Length;
                continue;
            }

            Looks += count;
            using IDisposableReadOnlyCollection<OrtValue> outputs = Run(plan, pixels.Slice(start * tile, count * tile), shape, cancellationToken);
            (int size, width) = Size(outputs[0], tokens);
            if (features.Length == 0)
            {
                features = new float[plan.Tokens * width];
            }

            TensorElements.Read(outputs[0].GetTensorDataAsSpan<byte>(), outputs[0].GetTensorTypeAndShape().ElementDataType, features.AsSpan(filled, size));
            filled += size;
        }

        return float.IsFinite(TensorPrimitives.MaxMagnitude<float>(features))
            ? new ImageFeatures(features, width)
            : throw new ModelOutputException($"{_session.ModelName}: '{_names.ImageFeatures}' holds numbers that are not finite.");
    }

    private IDisposableReadOnlyCollection<OrtValue> Run(ImagePlan plan, ReadOnlyMemory<float> pixels, long[] shape, CancellationToken cancellationToken)
    {
        ObjectDisposedException.ThrowIf(_session.IsDisposed, _session);
        using OrtIoBinding binding = _session.Session.CreateIoBinding();
        using var options = new RunOptions();
        var inputs = new List<IDisposable>();
        try
        {
            Bind(_names.PixelValues, Pixels(pixels, Ranked(shape)));
            foreach ((string name, string usual) in _names.OtherInputs)
            {
                ImageInput input = plan.Inputs.FirstOrDefault(known => known.Names.Contains(usual))
                    ?? throw new ModelLoadException($"{_session.ModelName}: the vision tower wants '{name}', which the model's family doesn't give ({string.Join(", ", plan.Inputs.SelectMany(known => known.Names))}).");
                Bind(name, Numbers(name, input));
            }

            binding.BindOutputToDevice(_names.ImageFeatures, OrtMemoryInfo.DefaultInstance);
            ModelSession.Run(options, (_session.Session, binding), static (options, run) => run.Session.RunWithBinding(options, run.binding), cancellationToken);
            return binding.GetOutputValues();
        }
        finally
        {
            inputs.ForEach(input => input.Dispose());
        }

        void Bind(string name, (OrtValue Value, IDisposable? Memory) input)
        {
            inputs.Add(input.Value);
            if (input.Memory is not null)
            {
                inputs.Add(input.Memory);
            }

            binding.BindInput(name, input.Value);
        }
    }

    /// <summary>Exports differ in whether images have a dimension of their own in front of their tiles.</summary>
    private long[] Ranked(long[] shape)
    {
        int rank = _session.Session.InputMetadata[_names.PixelValues].Dimensions.Length;
        return rank == shape.Length ? shape
            : rank == shape.Length + 1 ? [1, .. shape]
            : rank == shape.Length - 1 && shape[0] == 1 ? shape[1..]
            : throw new ModelLoadException($"{_session.ModelName}: '{_names.PixelValues}' has {rank} dimensions, but images are prepared with {shape.Length}.");
    }

    private (OrtValue Value, IDisposable? Memory) Pixels(ReadOnlyMemory<float> pixels, long[] shape)
    {
        TensorElementType type = _session.Session.InputMetadata[_names.PixelValues].ElementDataType;
        if (type == TensorElementType.Float)
        {
            return (OrtValue.CreateTensorValueFromMemory(OrtMemoryInfo.DefaultInstance, System.Runtime.InteropServices.MemoryMarshal.AsMemory(pixels), shape), null);
        }

        var memory = new NativeBuffer((long)pixels.Length * TensorElements.SizeOf(type));
        TensorElements.Write(pixels.Span, memory, type, 0);
        return (memory.Tensor(type, shape), memory);
    }

    private (OrtValue Value, IDisposable? Memory) Numbers(string name, ImageInput input)
    {
        TensorElementType type = _session.Session.InputMetadata[name].ElementDataType;
        int count = checked((int)input.Shape.Aggregate(1L, (product, size) => product * size));
        var memory = new NativeBuffer((long)count * TensorElements.SizeOf(type));
        for (int i = 0; i < count; i++)
        {
            long value = input.Values[input.Values.Count == 1 ? 0 : i];
            switch (type)
            {
                case TensorElementType.Bool:
                    memory.Span<bool>(0, count)[i] = value != 0;
                    break;
                case TensorElementType.Int32:
                    memory.Span<int>(0, count)[i] = checked((int)value);
                    break;
                default:
                    memory.Span<long>(0, count)[i] = value;
                    break;
            }
        }

        return (memory.Tensor(type, [.. input.Shape]), memory);
    }

    /// <summary>Features may come as [tiles, tokens, width] or [tiles * tokens, width]: the order is the same.</summary>
    private (int Numbers, int Width) Size(OrtValue output, int tokens)
    {
        long[] shape = output.GetTensorTypeAndShape().Shape;
        long numbers = shape.Aggregate(1L, (product, size) => product * size);
        return shape.Length >= 2 && shape[^1] > 0 && numbers == tokens * shape[^1]
            ? (checked((int)numbers), (int)shape[^1])
            : throw new ModelOutputException(
                $"{_session.ModelName}: '{_names.ImageFeatures}' is [{string.Join(", ", shape)}], which are not the {tokens} features that the image has tokens in the prompt.");
    }
}

/// <summary>A tile that a vision tower has looked at.</summary>
/// <param name="Pixels">Its pixels, [3, side, side].</param>
internal sealed record KnownTile(float[] Pixels, ImageFeatures Features);

/// <summary>A image on its way into a prompt; its features are computed once, and only if they are needed.</summary>
internal sealed class PromptImage
{
    private static readonly UInt128 s_glance = UInt128.One << 100; // beyond the keys of an image with a covered cell

    private readonly VisionLanguageModel _model;
    private readonly IImagePreparation _preparation;
    private readonly ImageFrame? _frame;
    private readonly bool _isGlance;
    private Task<ImageFeatures>? _features;
    private PromptImage? _glance;
    private KnownTile? _known; // of a first look: a thumbnail among the tiles is the same one

    public PromptImage(VisionLanguageModel model, ImageFrame frame)
        : this(model, frame, model.Profile.Images, Hash(frame))
    {
    }

    /// <summary>The same image with other features, as for asking what a part of it matters.</summary>
    public PromptImage(PromptImage original, ImageFeatures features, UInt128 key)
    {
        (_model, _preparation, Plan, Key) = (original._model, original._preparation, original.Plan, key);
        _features = Task.FromResult(features);
    }

    private PromptImage(VisionLanguageModel model, ImageFrame frame, IImagePreparation preparation, UInt128 key, bool isGlance = false)
    {
        (_model, _frame, _preparation, Key, _isGlance) = (model, frame, preparation, key, isGlance);
        Plan = preparation.Plan(frame.Width, frame.Height);
    }

    /// <summary>The same image for a first look: one tile, or as few tokens as show it whole; null where that would save less than half of its tokens.</summary>
    public PromptImage? AtAGlance()
    {
        var glance = new PromptImage(_model, _frame!, _model.Glance, Key ^ s_glance, isGlance: true);
        return _glance = 2 * glance.Plan.Tokens <= Plan.Tokens ? glance : null;
    }

    public ImagePlan Plan { get; }

    /// <summary>What tells images apart: half of a SHA-256 hash, since whoever makes two images of one key has one judged as the other.</summary>
    public UInt128 Key { get; }

    /// <summary>The features. Not thread-safe.</summary>
    public Task<ImageFeatures> FeaturesAsync(CancellationToken cancellationToken) =>
        _features is { IsFaulted: false, IsCanceled: false } ? _features : _features = ComputeAsync(cancellationToken);

    private async Task<ImageFeatures> ComputeAsync(CancellationToken cancellationToken)
    {
        float[] pixels = ArrayPool<float>.Shared.Rent(Plan.PixelCount);
        try
        {
            Memory<float> values = pixels.AsMemory(0, Plan.PixelCount);
            _preparation.Write(_frame!, Plan, values.Span);
            ImageFeatures features = await _model.EncodeAsync(Plan, values, cancellationToken, _glance?._known).ConfigureAwait(false);
            _known = _isGlance && Plan.PixelShape is [1, _, _, _] ? new KnownTile(values.ToArray(), features) : null;
            return features;
        }
        finally
        {
            ArrayPool<float>.Shared.Return(pixels);
        }
    }

    private static UInt128 Hash(ImageFrame frame)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> bytes = stackalloc byte[SHA256.HashSizeInBytes];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, frame.Width);
        BinaryPrimitives.WriteInt32LittleEndian(bytes[4..], frame.Height);
        hash.AppendData(bytes[..8]);
        hash.AppendData(frame.Pixels);
        hash.GetHashAndReset(bytes);
        return BinaryPrimitives.ReadUInt128LittleEndian(bytes);
    }
}
