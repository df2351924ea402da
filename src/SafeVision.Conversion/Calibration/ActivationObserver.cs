namespace SafeVision.Conversion.Calibration;

/// <summary>Runs a model on sample questions and keeps what comes into its layers. The vision tower is run whole, the
/// language model layer by layer, so that no more than one of its layers is in memory or on the disk at once.</summary>
internal sealed class ActivationObserver(VisionLanguageModel model, AttentionStyle style, string parentFolder, Action<long, long> report, CancellationToken cancellationToken)
{
    private const int PartVocabulary = 8; // nobody reads its logits

    private readonly string _folder = Path.Combine(parentFolder, "calibration");
    private readonly Dictionary<string, ChannelRange> _ranges = new(StringComparer.Ordinal);
    private int _done;

    /// <summary>For each layer, by its name in the graph, what came in.</summary>
    /// <param name="questions">What is asked, at least one.</param>
    /// <param name="rounds">Whether the input of a layer of a role is rounded; what comes into others is not kept.</param>
    public IReadOnlyDictionary<string, ChannelRange> Observe(IReadOnlyList<SampleQuestion> questions, Func<LinearRole, bool> rounds)
    {
        bool withText = rounds(LinearRole.TextMlp);
        int steps = 1 + (withText ? model.Text.Layers.Count : 0);
        report(0, steps);
        Directory.CreateDirectory(_folder);
        try
        {
            float[][] features = ObserveVision(questions);
            if (!rounds(LinearRole.Vision))
            {
                _ranges.Clear();
            }

            report(++_done, steps);
            if (withText)
            {
                ObserveText([.. questions.Zip(features, (question, seen) => question.Embed(model.Text, seen))], () => report(++_done, steps));
            }
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }

        return _ranges;
    }

    private float[][] ObserveVision(IReadOnlyList<SampleQuestion> questions)
    {
        var form = new ObservingForm();
        using Observed graph = Write("vision", model.Vision.Write(form), form, model.Vision.Output);
        return [.. questions.Select(question =>
        {
            Dictionary<string, OrtValue> inputs = [];
            try
            {
                return graph.Run(run => inputs = run.Values(question.Image), _ranges, cancellationToken);
            }
            finally
            {
                inputs.Values.ToList().ForEach(value => value.Dispose());
            }
        })];
    }

    private void ObserveText(float[][] embeddings, Action computed)
    {
        int hidden = model.Text.Shape.Hidden, width = model.Text.Shape.InputWidth;
        float[][] residuals = [.. embeddings.Select(rows => Part(rows, 0))];
        for (int i = 0; i < model.Text.Layers.Count; i++)
        {
            bool adds = i < model.Text.Shape.DeepStack;
            TextDecoder one = model.Text with
            {
                Shape = model.Text.Shape with { DeepStack = adds ? 1 : 0 },
                Layers = [model.Text.Layers[i]],
                Head = model.Text.Head.Slice("head.part", 0, Math.Min(PartVocabulary, model.Text.Shape.Vocabulary)),
            };
            one = one with { Shape = one.Shape with { Vocabulary = one.Head.Features } };
            var form = new ObservingForm();
            TransformerGraph blocks = DecoderGraph.Write(one, form, style);
            blocks.Graph.Output(blocks.Hidden[^1], form.Activations, ("batch_size", null), ("sequence_length", null), ("hidden_size", hidden));
            using Observed graph = Write("layer", blocks, form, blocks.Hidden[^1]);
            for (int question = 0; question < residuals.Length; question++)
            {
                float[] given = adds ? Join(residuals[question], Part(embeddings[question], 1 + i)) : residuals[question];
                using var probe = new DecoderProbe(one.Shape, given);
                residuals[question] = graph.Run(run => probe.Inputs(run), _ranges, cancellationToken);
            }

            computed();
        }

        // A token's own embedding, or what is added behind one of the first layers.
        float[] Part(float[] rows, int part)
        {
            float[] taken = new float[rows.Length / width * hidden];
            for (int token = 0; token < rows.Length / width; token++)
            {
                rows.AsSpan((token * width) + (part * hidden), hidden).CopyTo(taken.AsSpan(token * hidden));
            }

            return taken;
        }

        float[] Join(float[] first, float[] second)
        {
            float[] joined = new float[first.Length + second.Length];
            for (int start = 0; start < first.Length; start += hidden)
            {
                first.AsSpan(start, hidden).CopyTo(joined.AsSpan(2 * start));
                second.AsSpan(start, hidden).CopyTo(joined.AsSpan((2 * start) + hidden));
            }

            return joined;
        }
    }

    private Observed Write(string name, TransformerGraph blocks, ObservingForm form, string result)
    {
        var graph = new WrittenGraph(Path.Combine(_folder, $"{name}.onnx"), blocks);
        OnnxFile.Write(graph.Path, blocks.Graph, ModelConverter.Producer, ModelConverter.Version, (_, _) => { }, cancellationToken);
        return new Observed(GraphRun.Open(graph.Path, prepacks: true), form, result);
    }

    /// <summary>A written graph that tells what comes into its layers.</summary>
    private sealed class Observed(GraphRun run, ObservingForm form, string result) : IDisposable
    {
        public float[] Run(Func<GraphRun, Dictionary<string, OrtValue>> inputs, Dictionary<string, ChannelRange> ranges, CancellationToken cancellationToken)
        {
            string[] observed = [.. form.Observed.Values.Distinct()];
            IReadOnlyList<float[]> results = run.RunFor([result, .. observed], inputs(run), cancellationToken);
            Dictionary<string, ChannelRange> came = observed.Select((name, i) => (name, ChannelRange.Of(results[1 + i]))).ToDictionary();
            foreach ((string layer, string output) in form.Observed)
            {
                ranges[layer] = came[output].With(ranges.GetValueOrDefault(layer));
            }

            return results[0];
        }

        public void Dispose() => run.Dispose();
    }
}
