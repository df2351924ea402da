using SafeVision.Conversion.Layers;
using SafeVision.Conversion.Tfjs;
using SafeVision.Imaging;

namespace SafeVision.Conversion.Families;

/// <summary>
/// Image classifiers of TensorFlow.js, as graph or as layers model, such as the three of the npm package nsfwjs. They do
/// not name their classes: the recipe does. Pictures are resized as tf.image.resizeBilinear does with corners aligned.
/// </summary>
internal sealed class TfjsClassifier : INetworkFamily
{
    public string Name => "tfjs-classifier";

    public bool Recognizes(string folder) => TfjsCheckpoint.Find(folder) is not null;

    public FamilyModel Read(string folder, ConversionRecipe recipe)
    {
        TfjsCheckpoint checkpoint = TfjsCheckpoint.Open(folder);
        try
        {
            (ImageInput input, Layer result) = checkpoint.IsGraph ? new GraphModelReader(checkpoint).Read() : new LayersModelReader(checkpoint).Read();
            ClassifierHead head = ClassifierHead.Find(checkpoint.Path, result);
            if (recipe.Labels.Count != head.Logits.Features)
            {
                throw new CheckpointException(
                    $"{checkpoint.Path}: the model tells {head.Logits.Features} classes apart but does not name them, and the recipe names {recipe.Labels.Count}; list them as 'labels' in a recipe, in the order of the outputs.");
            }

            return new FamilyModel
            {
                Kind = "imageClassifier",
                Network = head.ToNetwork(input),
                Outputs = head.Roles,
                Labels = recipe.Labels,
                Preprocessing = recipe.Preprocessing ?? new PreprocessingRecipe
                {
                    Resize = new PreprocessingResize { Size = input.Width, Filter = PreprocessingFilter.BilinearAlignCorners },
                },
                SourceFiles = checkpoint.Paths,
                Checkpoint = checkpoint,
            };
        }
        catch (Exception exception)
        {
            checkpoint.Dispose();
            if (exception is InvalidOperationException or OverflowException)
            {
                throw new CheckpointException($"{checkpoint.Path}: the topology has another form than TensorFlow.js gives it. {exception.Message}", exception);
            }

            throw;
        }
    }
}
