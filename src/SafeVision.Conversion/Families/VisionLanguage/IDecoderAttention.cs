namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The attention of a decoder's layers, its cache included, as nodes of a graph.</summary>
internal interface IDecoderAttention
{
    /// <summary>Adds what all layers share, inputs of the graph included.</summary>
    void WriteInputs(string embeddings, string mask);

    /// <summary>Adds one layer's attention up to but without its output projection; the result is [batch, sequence, heads · headSize].</summary>
    string Write(int index, int layers, DecoderLayer layer, string x);

    /// <summary>Declares the outputs that make the longer cache.</summary>
    void WriteOutputs();
}
