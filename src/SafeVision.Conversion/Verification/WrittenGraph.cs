using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Verification;

/// <summary>A graph that was written to a file.</summary>
/// <param name="Path">The file.</param>
/// <param name="Blocks">The graph.</param>
internal sealed record WrittenGraph(string Path, TransformerGraph Blocks)
{
    /// <summary>The size of its large weights.</summary>
    public long WeightBytes => Blocks.Graph.DeferredTensors.Sum(tensor => tensor.Length);

    /// <summary>Whether some weights are blocks. Without being laid out anew for speed they are widened to float32 whole in each run.</summary>
    public bool HasBlocks => Blocks.Graph.Proto.Node.Any(node => node.OpType == "MatMulNBits");

    /// <summary>The part from a value, or from the inputs, to another.</summary>
    public byte[] Cut(string? start, string end) => GraphCut.Cut(Blocks.Graph, Blocks.Activations, start, end);
}
