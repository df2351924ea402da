using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Layers;

namespace SafeVision.Conversion.Tfjs;

/// <summary>TensorFlow's kernels, which have their channels last, as layers have them: output channels first.</summary>
internal static class TfjsKernel
{
    private const int NamePartsKept = 3;

    public static Convolution Convolve(
        string path, string name, Layer input, StoredTensor kernel, StoredTensor? bias, (int Y, int X) stride, string padding, bool depthwise)
    {
        if (kernel.Shape.Count != 4 || kernel.Shape.Any(size => size < 1) || input.Shape.Count != 3)
        {
            throw new CheckpointException($"{path}: '{name}' needs a kernel of four dimensions and a picture, not [{string.Join(", ", kernel.Shape)}] and [{string.Join(", ", input.Shape)}].");
        }

        StoredTensor turned = depthwise ? kernel.Transpose(2, 3, 0, 1) : kernel.Transpose(3, 2, 0, 1);
        int groups = 1;
        if (depthwise)
        {
            groups = turned.Shape[0];
            turned = turned.Reshape(turned.Shape[0] * turned.Shape[1], 1, turned.Shape[2], turned.Shape[3]);
        }

        Window window = Place(path, name, input, kernel.Shape[0], kernel.Shape[1], stride, padding);
        return new Convolution(name, input, turned.Rename(Shorten(kernel.Name)), bias?.Rename(Shorten(bias.Name)), window, groups);
    }

    public static Dense Connect(string path, string name, Layer input, StoredTensor kernel, StoredTensor? bias) => kernel.Shape.Count == 2
        ? new Dense(name, input, kernel.Transpose(1, 0).Rename(Shorten(kernel.Name)), bias?.Rename(Shorten(bias.Name)))
        : throw new CheckpointException($"{path}: '{name}' needs a kernel of two dimensions, not [{string.Join(", ", kernel.Shape)}].");

    public static Window Place(string path, string name, Layer input, int height, int width, (int Y, int X) stride, string padding)
    {
        if (input.Shape.Count != 3 || stride.Y < 1 || stride.X < 1 || height < 1 || width < 1)
        {
            throw new CheckpointException($"{path}: '{name}' needs a picture, and a window and strides of at least 1.");
        }

        return padding.ToUpperInvariant() switch
        {
            "SAME" => Window.Same(input, height, width, stride.Y, stride.X),
            "VALID" => new Window(height, width, stride.Y, stride.X),
            _ => throw new CheckpointException($"{path}: '{name}' has the padding '{padding}'; same and valid are known."),
        };
    }

    /// <summary>The end of a name: TensorFlow repeats long paths in front of every one, which would swell the graph.</summary>
    public static string Shorten(string name) => string.Join('/', name.Split('/')[^Math.Min(NamePartsKept, name.Count(c => c == '/') + 1)..]);
}
