using Microsoft.ML.OnnxRuntime;
using SafeVision.Imaging;
using SafeVision.Models;
using OnnxRuntime = SafeVision.Inference.OnnxRuntime;

namespace SafeVision.Conversion.Tests;

/// <summary>Runs a converted image model on image files, fed as its manifest says.</summary>
internal sealed class ModelRunner : IDisposable
{
    private readonly InferenceSession _session;
    private readonly ImagePreprocessor _preprocessor;

    public ModelRunner(string folder)
    {
        Manifest = ModelPackage.Open(folder).Manifest;
        _session = OnnxRuntime.Open(Path.Combine(folder, Manifest.File), OnnxRuntime.CreateOptions());
        _preprocessor = new ImagePreprocessor(Manifest.Preprocessing!);
    }

    public ModelManifest Manifest { get; }

    /// <summary>What the graph yields for an image, by role.</summary>
    public float[] Run(string file, string role)
    {
        using DecodedImage image = new SkiaImageDecoder().DecodeAsync(ImageSource.FromFile(file), new ImageDecodeOptions(), CancellationToken.None).AsTask().GetAwaiter().GetResult();
        ImageFrame frame = image.Frames[0];
        float[] input = new float[_preprocessor.InputLength];
        _preprocessor.Write(frame.Pixels, frame.Width, frame.Height, ImageRegion.Whole(frame.Width, frame.Height), input);
        return Run(input, 1, role);
    }

    public float[] Run(float[] input, int batch, string role)
    {
        using OrtValue value = OrtValue.CreateTensorValueFromMemory(input, [batch, 3, _preprocessor.InputSize, _preprocessor.InputSize]);
        using var options = new RunOptions();
        using IDisposableReadOnlyCollection<OrtValue> results = _session.Run(options, [Manifest.Input], [value], [Manifest.Outputs[role]]);
        return results[0].GetTensorDataAsSpan<float>().ToArray();
    }

    public void Dispose() => _session.Dispose();
}
