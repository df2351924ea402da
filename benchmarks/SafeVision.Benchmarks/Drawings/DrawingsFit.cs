using System.Numerics.Tensors;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>
/// Fits the head for drawings in closed form: linear discriminant analysis (Fisher 1936; Hastie, Tibshirani and Friedman, "The
/// Elements of Statistical Learning", 4.3) of pooled features. With the means μ of the labels and the covariance S of what is
/// left without them, shrunk towards the identity, a label's logit is μᵀS⁻¹x − ½μᵀS⁻¹μ: the whitening is folded into one
/// matrix, so that the engine computes a linear layer.
/// </summary>
internal static class DrawingsFit
{
    /// <summary>Added to the variance of each standardised feature; 0.3 to 2 differ little.</summary>
    private const double Shrinkage = 0.5;

    /// <summary>What discriminants are multiplied by: features are far from normal, and two views of one drawing no two drawings.</summary>
    private const float Scale = 0.15f;

    private const int Block = 64;

    /// <summary>Fits, and writes the head's folder.</summary>
    /// <param name="modules">The node_modules folder that the icon sets were installed in.</param>
    /// <param name="folder">Where head.i8 and manifest.json are written; its LICENSE stays.</param>
    /// <param name="features">A file for the features, read where it exists and written where it does not; null: none is kept.</param>
    /// <param name="output">What is being done.</param>
    public static async Task RunAsync(string modules, string folder, string? features, TextWriter output)
    {
        var corpus = new DrawingCorpus(modules);
        await output.WriteLineAsync($"{corpus.Icons.Count} drawings of {corpus.Labels.Count} labels").ConfigureAwait(false);
        string path = features ?? Path.GetTempFileName();
        try
        {
            if (features is null || !File.Exists(features))
            {
                await DrawingFeatures.WriteAsync(path, corpus.Icons, output).ConfigureAwait(false);
            }

            (float[][] rows, float[] offsets, int[] shown) = Fit(path, corpus.Labels.Count);
            DrawingsHeadFile.Write(folder, [.. shown.Select(label => corpus.Labels[label])], rows, offsets);
            await output.WriteLineAsync($"{shown.Length} labels in {folder}").ConfigureAwait(false);
        }
        finally
        {
            if (features is null)
            {
                File.Delete(path);
            }
        }
    }

    /// <summary>The rows and offsets of the labels that something shows.</summary>
    private static (float[][] Rows, float[] Offsets, int[] Shown) Fit(string path, int labels)
    {
        int channels = FeatureHead.Load(DefaultModels.Drawings).Channels;
        float[][] means = new float[labels][];
        int[] counts = new int[labels];
        double[] sum = new double[channels], squares = new double[channels];
        int all = 0;
        foreach ((int label, float[] row) in DrawingFeatures.Read(path, channels))
        {
            TensorPrimitives.Add(means[label] ??= new float[channels], row, means[label]);
            counts[label]++;
            all++;
            for (int channel = 0; channel < channels; channel++)
            {
                sum[channel] += row[channel];
                squares[channel] += (double)row[channel] * row[channel];
            }
        }

        float[] centre = [.. sum.Select(value => (float)(value / all))];
        float[] spread = [.. squares.Zip(sum, (square, total) => (float)Math.Sqrt(Math.Max(0, (square / all) - (total / all * (total / all)))) + 1e-6f)];
        int[] shown = [.. Enumerable.Range(0, labels).Where(label => counts[label] > 0)];
        foreach (int label in shown)
        {
            TensorPrimitives.Divide(means[label], counts[label], means[label]);
            Standardise(means[label], centre, spread);
        }

        var solver = new RidgeSolver(Within(path, means, centre, spread, all), Shrinkage);
        float[][] rows = new float[shown.Length][];
        float[] offsets = new float[shown.Length];
        Parallel.For(0, shown.Length, place =>
        {
            float[] mean = means[shown[place]], row = solver.Solve(mean);
            offsets[place] = -0.5f * Scale * TensorPrimitives.Dot<float>(mean, row);
            TensorPrimitives.Multiply(row, Scale, row);
            TensorPrimitives.Divide(row, spread, row); // from standardised features to features as they are
            offsets[place] -= TensorPrimitives.Dot<float>(row, centre);
            rows[place] = row;
        });
        return (rows, offsets, shown);
    }

    private static void Standardise(Span<float> row, float[] centre, float[] spread)
    {
        TensorPrimitives.Subtract(row, centre, row);
        TensorPrimitives.Divide(row, spread, row);
    }

    /// <summary>The covariance of what is left of the features without their labels' means: the lower triangle.</summary>
    private static double[][] Within(string path, float[][] means, float[] centre, float[] spread, int all)
    {
        double[][] moment = [.. Enumerable.Range(0, centre.Length).Select(channel => new double[channel + 1])];
        var block = new List<float[]>(Block);
        foreach ((int label, float[] row) in DrawingFeatures.Read(path, centre.Length))
        {
            float[] rest = [.. row];
            Standardise(rest, centre, spread);
            TensorPrimitives.Subtract(rest, means[label], rest);
            block.Add(rest);
            if (block.Count == Block)
            {
                Add(block, moment);
                block.Clear();
            }
        }

        Add(block, moment);
        Array.ForEach(moment, row => TensorPrimitives.Divide(row, all, row));
        return moment;
    }

    private static void Add(List<float[]> block, double[][] moment) => Parallel.For(0, moment.Length, channel =>
    {
        float[] sums = new float[channel + 1];
        foreach (float[] row in block)
        {
            TensorPrimitives.MultiplyAdd(row.AsSpan(0, channel + 1), row[channel], sums, sums);
        }

        for (int i = 0; i <= channel; i++)
        {
            moment[channel][i] += sums[i];
        }
    });
}
