namespace SafeVision.Engines.ClosedSet;

/// <summary>The head that tells what drawings show, the network whose features it reads, and its labels.</summary>
internal sealed record DrawingsHead(FeatureHead Head, ClassifierNetwork Network, LabelSet Labels)
{
    /// <exception cref="ModelLoadException">The head is missing, altered, or belongs to another network.</exception>
    public static DrawingsHead Load(ModelPackage package, ClassifierNetwork network, LabelSet labels)
    {
        FeatureHead head = FeatureHead.Load(package);
        ModelManifest classifier = network.Package.Manifest;
        if (head.Manifest.FeaturesOf != classifier.Sha256 || head.Channels != network.Channels)
        {
            throw new ModelLoadException(
                $"{package.Folder.Description}: reads {head.Channels} features of the model {head.Manifest.FeaturesOf}, but {classifier.Id} has {network.Channels} and is {classifier.Sha256}. Give the head that was made for it, or none.");
        }

        return new DrawingsHead(head, network, labels);
    }
}
