namespace SafeVision.Conversion.Families;

/// <summary>One architecture: how its checkpoints look and what they hold. One file each, found through <see cref="ModelFamilies"/>.</summary>
internal interface IModelFamily
{
    /// <summary>The name for the command line and the manifest.</summary>
    string Name { get; }

    /// <summary>Whether a folder looks like a checkpoint of this family; reads no weights.</summary>
    bool Recognizes(string folder);
}
