namespace SafeVision.Conversion.Families.Encoders;

/// <summary>A family whose checkpoints hold encoders: classifiers made of one, or pairs whose vectors are compared.</summary>
internal interface IEncoderFamily : IModelFamily
{
    /// <summary>Reads a checkpoint. The result holds its files open until it is disposed.</summary>
    /// <exception cref="CheckpointException">It is not one of this family, or is damaged.</exception>
    EncoderModel Read(string folder, ConversionRecipe recipe);
}
