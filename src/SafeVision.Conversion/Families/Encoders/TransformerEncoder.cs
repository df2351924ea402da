using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Quantization;
using SafeVision.Conversion.Verification;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>An encoder whose layers are those of a transformer.</summary>
/// <param name="Name">The file's name, without its ending.</param>
/// <param name="Embedding">From the input to tokens.</param>
/// <param name="Layers">The layers, and the norm behind them.</param>
/// <param name="Head">From tokens to the result.</param>
internal sealed record TransformerEncoder(string Name, IEncoderEmbedding Embedding, VisionTransformer Layers, EncoderHead Head) : IEncoder
{
    public string Output => Head.Output;

    public int Depth => Layers.Layers.Count;

    public int[] FinalShape => [1, Embedding.Tokens, Layers.Width];

    public TransformerGraph Write(IWeightForm form)
    {
        var blocks = new TransformerGraph(Name, form);
        string tokens = Embedding.Write(blocks);
        Head.Write(blocks, Layers.Write(blocks, tokens));
        return blocks;
    }

    public IReadOnlyDictionary<string, VisionInput> Probe(ulong seed) => Embedding.Probe(seed);

    public long Cost(int layer) => PlainVision.Cost(Layers, Embedding.Tokens);

    public float[] EmbedPlainly(IReadOnlyDictionary<string, VisionInput> inputs) => Embedding.Compute(inputs);

    public float[] StepPlainly(int layer, float[] hidden) => PlainVision.Step(Layers, layer, hidden);

    public float[] FinishPlainly(float[] hidden)
    {
        float[] final = [.. hidden];
        if (Layers.Norm is { } norm)
        {
            PlainTransformer.Normalize(norm, final);
        }

        return final;
    }

    public float[] ConcludePlainly(float[] final, IReadOnlyDictionary<string, VisionInput> inputs) => Head.Compute(final, inputs);
}
