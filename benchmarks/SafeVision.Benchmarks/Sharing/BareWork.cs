using SafeVision.Benchmarks.Photographs;
using SafeVision.Engines.ClosedSet;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;
using SkiaSharp;

namespace SafeVision.Benchmarks.Sharing;

/// <summary>
/// What no code of ours can save: Skia's decoding of one file at the scale that the guardrail decodes it at, and ONNX
/// Runtime's runs of both default models on the tensors that the guardrail makes of it, in the guardrail's own sessions.
/// </summary>
internal sealed class BareWork : IDisposable
{
    private readonly byte[] _file;
    private readonly SKImageInfo _info;
    private readonly byte[] _pixels;
    private readonly (BatchBinding Binding, int Batch)[] _runs;

    private BareWork(byte[] file, SKImageInfo info, (BatchBinding Binding, int Batch)[] runs)
    {
        (_file, _info, _runs) = (file, info, runs);
        _pixels = new byte[info.BytesSize];
    }

    /// <summary>How many pictures the models see of this one.</summary>
    public int Views => _runs.Sum(run => run.Batch);

    public static async Task<BareWork> CreateAsync(Photograph photograph, SessionCache sessions)
    {
        ExecutionOptions execution = new ExecutionOptions().Validate();
        ClassifierNetwork[] networks =
        [
            await ClassifierNetwork.LoadAsync(DefaultModels.Nsfw, sessions, execution, CancellationToken.None).ConfigureAwait(false),
            await ClassifierNetwork.LoadAsync(DefaultModels.Objects, sessions, execution, CancellationToken.None).ConfigureAwait(false),
        ];
        var options = new ImageDecodeOptions { TargetShortSide = networks.Max(network => network.Recipe.Resize.Size) };
        using DecodedImage decoded = await new SkiaImageDecoder()
            .DecodeAsync(ImageSource.FromBytes(photograph.Bytes), options, CancellationToken.None).ConfigureAwait(false);
        ImageFrame frame = decoded.Frames[0];
        return new BareWork(photograph.Bytes, ScaledInfo(photograph, frame.Width), [.. networks.Select(network => Prepare(network, frame))]);
    }

    public unsafe void Decode()
    {
        fixed (byte* file = _file)
        {
            using var data = SKData.Create((nint)file, _file.Length);
            using SKCodec codec = SKCodec.Create(data);
            fixed (byte* pixels = _pixels)
            {
                SKCodecResult result = codec.GetPixels(_info, (nint)pixels);
                if (result != SKCodecResult.Success)
                {
                    throw new InvalidOperationException($"Skia says {result}.");
                }
            }
        }
    }

    /// <summary>Side by side, as the guardrail runs them.</summary>
    public void Run() => Parallel.ForEach(_runs, static run => run.Binding.Run(0, run.Batch, CancellationToken.None));

    public void Dispose()
    {
        foreach ((BatchBinding binding, _) in _runs)
        {
            binding.Dispose();
        }
    }

    private static SKImageInfo ScaledInfo(Photograph photograph, int frameWidth)
    {
        using SKCodec codec = SKCodec.Create(new MemoryStream(photograph.Bytes));
        double scale = Math.Round((double)photograph.Width / frameWidth);
        SKSizeI size = codec.GetScaledDimensions((float)(1 / scale));
        return new SKImageInfo(size.Width, size.Height, SKColorType.Rgba8888, SKAlphaType.Unpremul, null);
    }

    private static (BatchBinding, int) Prepare(ClassifierNetwork network, ImageFrame frame)
    {
        // The first view alone: the photographs show nothing of the policy, so no second one is asked for.
        BatchBinding binding = network.Rent().Binding;
        IReadOnlyList<ViewGroup> groups = new ViewPlanner(network.Recipe, ViewPlan.Whole, network.Package.Manifest.ViewsMustAgree).Plan(frame.Width, frame.Height);
        for (int item = 0; item < groups.Count; item++)
        {
            groups[item].First.Write(frame, binding.Input(item));
        }

        return (binding, groups.Count);
    }
}
