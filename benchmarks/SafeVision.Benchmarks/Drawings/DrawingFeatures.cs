using System.Buffers;
using System.Runtime.InteropServices;
using SafeVision.Engines.ClosedSet;
using SafeVision.Evaluation;
using SafeVision.Evaluation.Symbols.Icons;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>
/// What the object classifier makes of drawings in the views in which the engine shows them: pooled features, one row for each
/// view, in a file that the fit reads as often as it is tried.
/// </summary>
internal static class DrawingFeatures
{
    /// <summary>Images of each icon; the first is plain.</summary>
    private const int Images = 2;

    /// <summary>Writes rows of a label (int32) and its features (float16), in the order of the icons.</summary>
    public static async Task WriteAsync(string path, IReadOnlyList<(Icon Icon, int Label)> icons, TextWriter output)
    {
        using var sessions = new SessionCache();
        using ClassifierNetwork network = await ClassifierNetwork.LoadAsync(DefaultModels.Objects, sessions, new ExecutionOptions { Threads = 1 }.Validate(), CancellationToken.None).ConfigureAwait(false);
        ClassifierView[] views = new ViewPlanner(network.Recipe, ViewPlan.Whole).Plan(DrawingCanvas.Size, DrawingCanvas.Size)[0].Drawn;
        using NetworkRun run = network.Rent();
        using var canvas = new DrawingCanvas();
        FileStream file = File.Create(path);
        await using (file.ConfigureAwait(false))
        {
            int left = 0;
            for (int i = 0; i < icons.Count; i++)
            {
                try
                {
                    for (int image = 0; image < Images; image++)
                    {
                        ImageFrame frame = Frame(canvas.Draw(icons[i].Icon, new SeededRandom((ulong)((i * Images) + image)), isPlain: image == 0));
                        Look(network, run, frame, views, icons[i].Label, file);
                    }
                }
                catch (EvaluationException)
                {
                    left++;
                }

                if (i % 1000 == 0)
                {
                    await output.WriteLineAsync($"{i} of {icons.Count} drawings, {left} left out").ConfigureAwait(false);
                }
            }
        }
    }

    /// <summary>Reads rows one after the other, each valid until the next.</summary>
    public static IEnumerable<(int Label, float[] Features)> Read(string path, int channels)
    {
        using FileStream file = File.OpenRead(path);
        byte[] row = new byte[sizeof(int) + (channels * 2)];
        float[] features = new float[channels];
        while (file.ReadAtLeast(row, row.Length, throwOnEndOfStream: false) == row.Length)
        {
            System.Numerics.Tensors.TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(row.AsSpan(sizeof(int))), features);
            yield return (BitConverter.ToInt32(row), features);
        }
    }

    private static ImageFrame Frame(ReadOnlySpan<byte> rgba)
    {
        IMemoryOwner<byte> owner = MemoryPool<byte>.Shared.Rent(DrawingCanvas.Size * DrawingCanvas.Size * 3);
        for (int i = 0; i < DrawingCanvas.Size * DrawingCanvas.Size; i++)
        {
            rgba.Slice(i * 4, 3).CopyTo(owner.Memory.Span[(i * 3)..]);
        }

        return new ImageFrame(0, TimeSpan.Zero, DrawingCanvas.Size, DrawingCanvas.Size, owner);
    }

    private static void Look(ClassifierNetwork network, NetworkRun run, ImageFrame frame, ClassifierView[] views, int label, FileStream file)
    {
        run.Look(frame, views, 0, CompiledDrawings.Temperature, CancellationToken.None);
        Half[] halves = new Half[network.Channels];
        for (int view = 0; view < views.Length; view++)
        {
            network.Pool(run.Features(view), run.Pooled);
            System.Numerics.Tensors.TensorPrimitives.ConvertToHalf(run.Pooled, halves);
            file.Write(BitConverter.GetBytes(label));
            file.Write(MemoryMarshal.AsBytes(halves.AsSpan()));
        }
    }
}
