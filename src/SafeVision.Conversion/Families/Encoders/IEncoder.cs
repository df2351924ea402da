using SafeVision.Conversion.Families.VisionLanguage;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// A network from pictures or texts to one vector each: what stands before its layers, the layers, what stands behind them.
/// Each part is written as nodes and computed plainly, so that the one can be held against the other, part by part where the
/// whole would take too long.
/// </summary>
internal interface IEncoder
{
    /// <summary>The file's name, without its ending.</summary>
    string Name { get; }

    /// <summary>The output that the checks compare.</summary>
    string Output { get; }

    /// <summary>How many layers there are.</summary>
    int Depth { get; }

    /// <summary>The shape of what the last part takes, for one item: [1, tokens, width].</summary>
    int[] FinalShape { get; }

    /// <summary>The graph. Its <see cref="TransformerGraph.Hidden"/> are what goes into the first layer and what each yields.</summary>
    TransformerGraph Write(IWeightForm form);

    /// <summary>Inputs of one item, made from a seed.</summary>
    IReadOnlyDictionary<string, VisionInput> Probe(ulong seed);

    /// <summary>How many multiplications a layer takes.</summary>
    long Cost(int layer);

    /// <summary>What goes into the first layer, computed plainly.</summary>
    float[] EmbedPlainly(IReadOnlyDictionary<string, VisionInput> inputs);

    /// <summary>What a layer makes of the values that go into it, computed plainly.</summary>
    float[] StepPlainly(int layer, float[] hidden);

    /// <summary>From what the last layer yields to what the last part takes, computed plainly.</summary>
    float[] FinishPlainly(float[] hidden);

    /// <summary>The last part, computed plainly.</summary>
    float[] ConcludePlainly(float[] final, IReadOnlyDictionary<string, VisionInput> inputs);
}
