using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using SafeVision.Imaging;
using SafeVision.VisionLanguage.Families;
using SafeVision.VisionLanguage.Generation;

namespace SafeVision.VisionLanguage;

/// <summary>A picture on its way into a prompt; its features are computed once, and only if they are needed.</summary>
internal sealed class PromptImage
{
    private readonly VisionLanguageModel _model;
    private readonly ImageFrame? _frame;
    private Task<ImageFeatures>? _features;

    public PromptImage(VisionLanguageModel model, ImageFrame frame)
    {
        (_model, _frame) = (model, frame);
        Plan = model.Profile.Images.Plan(frame.Width, frame.Height);
        Key = Hash(frame);
    }

    /// <summary>The same picture with other features, as for asking what a part of it matters.</summary>
    public PromptImage(PromptImage original, ImageFeatures features, UInt128 key)
    {
        (_model, Plan, Key) = (original._model, original.Plan, key);
        _features = Task.FromResult(features);
    }

    /// <summary>Tiles and tokens.</summary>
    public ImagePlan Plan { get; }

    /// <summary>What tells pictures apart: half of a SHA-256 hash, since whoever makes two pictures of one key has one judged as the other.</summary>
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
            _model.Profile.Images.Write(_frame!, Plan, values.Span);
            return await _model.EncodeAsync(Plan, values, cancellationToken).ConfigureAwait(false);
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
