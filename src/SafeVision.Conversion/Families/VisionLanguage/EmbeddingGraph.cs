using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Quantization;
using DataType = SafeVision.Conversion.Onnx.TensorProto.Types.DataType;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>Writes <c>embed_tokens</c> of the onnx-community layout: <c>input_ids</c> [batch, sequence] → <c>inputs_embeds</c>.</summary>
internal static class EmbeddingGraph
{
    public static TransformerGraph Write(WeightMatrix table, IWeightForm form)
    {
        var blocks = new TransformerGraph("embed_tokens", form);
        blocks.Graph.Input(blocks.Graph.Claim("input_ids"), DataType.Int64, ("batch_size", null), ("sequence_length", null));
        string rows = blocks.Embedding(table, "input_ids");
        blocks.FloatOutput("inputs_embeds", rows, ("batch_size", null), ("sequence_length", null), ("hidden_size", table.Columns));
        return blocks;
    }
}
