namespace SafeVision.Conversion.Families;

/// <summary>A family whose checkpoints hold one network, such as a classifier.</summary>
internal interface INetworkFamily : IModelFamily
{
    /// <summary>Reads a checkpoint. The result holds its files open until it is disposed.</summary>
    /// <exception cref="CheckpointException">It is not one of this family, or is damaged.</exception>
    FamilyModel Read(string folder, ConversionRecipe recipe);
}
