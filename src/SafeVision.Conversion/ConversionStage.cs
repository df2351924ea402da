namespace SafeVision.Conversion;

/// <summary>What a conversion is doing.</summary>
public enum ConversionStage
{
    /// <summary>Reads and hashes the checkpoint.</summary>
    Reading,

    /// <summary>Writes the ONNX file.</summary>
    Writing,

    /// <summary>Holds what ONNX Runtime computes against a plain computation of the same network.</summary>
    Verifying,

    /// <summary>Compares a model of rounded weights with its float32 form.</summary>
    Measuring,
}
