namespace SafeVision.Conversion.Quantization;

/// <summary>What a linear layer does; some bear rounding better than others.</summary>
internal enum LinearRole
{
    /// <summary>Queries, keys, values and the output of the language model's attention.</summary>
    TextAttention,

    /// <summary>The language model's gate, up and down projections.</summary>
    TextMlp,

    /// <summary>From the last hidden state to logits.</summary>
    Head,

    /// <summary>Any of the vision tower.</summary>
    Vision,

    /// <summary>From picture features to the language model's width.</summary>
    Projector,
}
