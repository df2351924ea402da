using SafeVision.Inference;
using SafeVision.Models;

namespace SafeVision.Engines.ClosedSet;

/// <summary>The head that tells what drawings show, and its labels as points in the phrase encoder's space.</summary>
internal sealed record DrawingsHead(FeatureHead Head, LabelSpace Labels)
{
    /// <exception cref="ModelLoadException">The head is missing, altered, or belongs to another network.</exception>
    public static DrawingsHead Load(ModelPackage package, ClassifierNetwork network, TextEncoder? encoder, CancellationToken cancellationToken)
    {
        FeatureHead head = FeatureHead.Load(package);
        ModelManifest classifier = network.Package.Manifest;
        if (head.Manifest.FeaturesOf != classifier.Sha256 || head.Channels != network.Channels)
        {
            throw new ModelLoadException(
                $"{package.Folder.Description}: reads {head.Channels} features of the model {head.Manifest.FeaturesOf}, but {classifier.Id} has {network.Channels} and is {classifier.Sha256}. Give the head that was made for it, or none.");
        }

        return new DrawingsHead(head, LabelSpace.Create(package, encoder, cancellationToken));
    }
}
