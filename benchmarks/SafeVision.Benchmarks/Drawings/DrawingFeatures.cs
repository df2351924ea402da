using SafeVision.Engines.ClosedSet;
using SafeVision.Evaluation.Symbols;
using SafeVision.Evaluation.Symbols.Scenes;
using SafeVision.Imaging;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>What a classifier's network makes of drawings: pooled features, the mean of several images of each.</summary>
internal static class DrawingFeatures
{
    private const int Images = 2;

    /// <returns>[drawings][channels]; null where a drawing uses what is not drawn here.</returns>
    public static async Task<float[]?[]> ComputeAsync(ModelPackage classifier, IReadOnlyList<DrawingConcept> concepts, TextWriter output)
    {
        using var sessions = new SessionCache();
        using ClassifierNetwork network = await ClassifierNetwork.LoadAsync(classifier, sessions, new ExecutionOptions(), CancellationToken.None).ConfigureAwait(false);
        using var canvas = new DrawingCanvas();
        var preprocessor = new ImagePreprocessor(network.Recipe);
        using NetworkRun run = network.Borrow();
        BatchBinding binding = run.Binding;
        byte[] rgb = new byte[DrawingCanvas.Size * DrawingCanvas.Size * 3];
        float[]?[] features = new float[concepts.Count][];
        for (int i = 0; i < features.Length; i++)
        {
            try
            {
                for (int image = 0; image < Images; image++)
                {
                    canvas.Draw(concepts[i].Icon, new SceneRandom(1, i, image), rgb);
                    preprocessor.Write(rgb, DrawingCanvas.Size, DrawingCanvas.Size, ImageRegion.Whole(DrawingCanvas.Size, DrawingCanvas.Size), binding.Input(image));
                }
            }
            catch (SymbolException)
            {
                continue;
            }

            binding.Run(Images, CancellationToken.None);
            float[] mean = features[i] = new float[network.Channels];
            float[] pooled = new float[network.Channels];
            for (int image = 0; image < Images; image++)
            {
                network.Pool(run.Features(image), pooled);
                System.Numerics.Tensors.TensorPrimitives.MultiplyAdd(pooled, 1f / Images, mean, mean);
            }

            if (i % 1000 == 0)
            {
                await output.WriteLineAsync($"{i} of {features.Length} drawings").ConfigureAwait(false);
            }
        }

        return features;
    }
}
