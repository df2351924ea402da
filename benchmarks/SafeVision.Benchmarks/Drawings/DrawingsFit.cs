using System.Numerics.Tensors;
using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Benchmarks.Drawings;

/// <summary>
/// Fits the head for drawings. Two linear models share one ridge regression over the standardised features x of a drawing:
/// one that maps x to the phrase vector of the drawing's words, whose match with a label's vector is its logit (ConSE's
/// idea the other way round, Norouzi et al., arXiv 1312.5650; DeViSE, Frome et al., NIPS 2013), and linear discriminant
/// analysis of the labels' own drawings. The first knows what things have in common, the second tells them apart.
/// </summary>
internal static class DrawingsFit
{
    private const double Ridge = 1;
    private const float WordScale = 12;     // of the match with the words: its logits then spread as a softmax needs it
    private const float DrawingScale = 0.02f; // of the discriminants, which are much larger and trust two drawings too much

    /// <summary>Fits and writes the head's folder.</summary>
    /// <param name="modules">The folder of npm modules with the icons.</param>
    /// <param name="folder">Where the head is written.</param>
    /// <param name="textEncoder">The folder of a converted sentence encoder, which says how close two icons' words are.</param>
    /// <param name="output">Told of the progress.</param>
    public static async Task RunAsync(string modules, string folder, string textEncoder, TextWriter output)
    {
        IReadOnlyList<DrawingConcept> all = DrawingCorpus.Read(modules);
        float[]?[] raw = await DrawingFeatures.ComputeAsync(DefaultModels.Objects, all, output).ConfigureAwait(false);
        DrawingConcept[] concepts = [.. all.Where((_, i) => raw[i] is not null)];
        float[][] rows = [.. raw.OfType<float[]>()];
        double mean = concepts.Average(concept => concept.Weight);
        double[] weights = [.. concepts.Select(concept => concept.Weight / mean)];
        (float[] centre, float[] spread) = Standardise(rows, weights);

        await output.WriteLineAsync($"{rows.Length} drawings; embedding their words").ConfigureAwait(false);
        float[][] words = await EmbedAsync(concepts, textEncoder).ConfigureAwait(false);
        float[] wordCentre = Mean(words, weights);
        string[] labels = [.. concepts.Where(concept => concept.IsLabel).Select(concept => concept.Name).Distinct()];
        float[][] labelWords = [.. labels.Select(label => words[Array.FindIndex(concepts, concept => concept.Name == label)])];

        await output.WriteLineAsync("solving").ConfigureAwait(false);
        var solver = new RidgeSolver(rows, weights, Ridge);
        float[][] toWords = ToWords(rows, weights, words, wordCentre, solver); // [dimensions][channels]
        double length = rows.Where((_, i) => i % 7 == 0).Average(row => Math.Sqrt(toWords.Sum(axis => Math.Pow(TensorPrimitives.Dot<float>(axis, row), 2))));
        float[][] head = new float[labels.Length][];
        float[] offsets = new float[labels.Length];
        Parallel.For(0, labels.Length, label =>
        {
            float[] typical = MeanOf(labels[label], concepts, rows, weights);
            float[] discriminant = solver.Solve(typical);
            float[] row = new float[typical.Length];
            TensorPrimitives.MultiplyAdd(discriminant, DrawingScale, row, row);
            offsets[label] = -0.5f * DrawingScale * TensorPrimitives.Dot<float>(typical, discriminant);
            float[] direction = new float[wordCentre.Length];
            TensorPrimitives.Subtract(labelWords[label], wordCentre, direction);
            float size = TensorPrimitives.Norm<float>(direction);
            for (int axis = 0; axis < direction.Length; axis++)
            {
                TensorPrimitives.MultiplyAdd(toWords[axis], WordScale * direction[axis] / size / (float)length, row, row);
            }

            TensorPrimitives.Divide(row, spread, row); // from standardised features to features as they are
            offsets[label] -= TensorPrimitives.Dot<float>(row, centre);
            head[label] = row;
        });
        DrawingsHeadFile.Write(folder, labels, head, offsets);
        await output.WriteLineAsync($"{labels.Length} labels in {folder}").ConfigureAwait(false);
    }

    /// <summary>In place, to mean 0 and deviation 1 in each channel.</summary>
    private static (float[] Centre, float[] Spread) Standardise(float[][] rows, double[] weights)
    {
        float[] centre = Mean(rows, weights);
        float[] squares = new float[centre.Length];
        foreach (float[] row in rows)
        {
            TensorPrimitives.Subtract(row, centre, row);
            TensorPrimitives.MultiplyAdd(row, row, squares, squares);
        }

        float[] spread = [.. squares.Select(square => MathF.Sqrt(square / rows.Length) + 1e-6f)];
        Array.ForEach(rows, row => TensorPrimitives.Divide(row, spread, row));
        return (centre, spread);
    }

    private static float[][] ToWords(float[][] rows, double[] weights, float[][] words, float[] wordCentre, RidgeSolver solver)
    {
        float[][] map = new float[wordCentre.Length][];
        Parallel.For(0, map.Length, axis =>
        {
            float[] right = new float[rows[0].Length];
            for (int i = 0; i < rows.Length; i++)
            {
                TensorPrimitives.MultiplyAdd(rows[i], (float)(weights[i] * (words[i][axis] - wordCentre[axis]) / rows.Length), right, right);
            }

            map[axis] = solver.Solve(right);
        });
        return map;
    }

    /// <summary>The vectors of a concept's name and of its name with its keywords, halfway between.</summary>
    private static async Task<float[][]> EmbedAsync(DrawingConcept[] concepts, string textEncoder)
    {
        using var sessions = new SessionCache();
        TextEncoder encoder = await TextEncoder.LoadAsync(ModelPackage.Open(textEncoder), sessions, new ExecutionOptions()).ConfigureAwait(false);
        string[] names = [.. concepts.Select(concept => $"a photo of {concept.Name}")];
        string[] keywords = [.. concepts.Select(concept => concept.Keywords.Count == 0 ? concept.Name : $"{concept.Name}: {string.Join(", ", concept.Keywords)}")];
        string[] texts = [.. names.Concat(keywords).Distinct().OrderBy(text => text.Length)]; // of one length, little is padded
        float[] vectors = encoder.Embed(texts);
        var places = texts.Index().ToDictionary(entry => entry.Item, entry => entry.Index * encoder.Dimensions);
        return [.. names.Zip(keywords, (name, keyword) =>
        {
            float[] sum = new float[encoder.Dimensions];
            TensorPrimitives.Add(vectors.AsSpan(places[name], sum.Length), vectors.AsSpan(places[keyword], sum.Length), sum);
            TensorPrimitives.Divide(sum, TensorPrimitives.Norm<float>(sum), sum);
            return sum;
        })];
    }

    private static float[] MeanOf(string name, DrawingConcept[] concepts, float[][] rows, double[] weights)
    {
        int[] own = [.. Enumerable.Range(0, concepts.Length).Where(i => concepts[i].Name == name)];
        return Mean([.. own.Select(i => rows[i])], [.. own.Select(i => weights[i])]);
    }

    private static float[] Mean(float[][] rows, double[] weights)
    {
        float[] mean = new float[rows[0].Length];
        double total = weights.Sum();
        for (int i = 0; i < rows.Length; i++)
        {
            TensorPrimitives.MultiplyAdd(rows[i], (float)(weights[i] / total), mean, mean);
        }

        return mean;
    }
}
