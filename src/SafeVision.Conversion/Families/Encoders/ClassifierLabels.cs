using System.Text.Json;
using SafeVision.Conversion.Checkpoints;
using SafeVision.Conversion.Families.VisionLanguage;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>A classifier's labels and the layer that tells them apart, <c>classifier.weight</c> and <c>.bias</c>.</summary>
internal sealed record ClassifierLabels(IReadOnlyList<string> Names, Projection Projection)
{
    private const string Layer = "classifier";
    private const int MostLabels = 1 << 16;

    public static ClassifierLabels Read(SafetensorsCheckpoint checkpoint, JsonElement config, string where, int width)
    {
        // Each label's score would be a probability of its own, while a classifier's probabilities add up to one.
        if (CheckpointJson.OptionalText(config, "problem_type", where) is { } problem and not "single_label_classification")
        {
            throw new CheckpointException($"{where}: problem_type is '{problem}'; only a classifier of one label a picture (single_label_classification) can be converted.");
        }

        string name = TensorPrefix.Find(checkpoint, $"{Layer}.weight") + Layer;
        IReadOnlyList<int> shape = checkpoint.Tensors[$"{name}.weight"].Shape;
        string[] labels = CheckpointJson.OptionalObject(config, "id2label", where) is not null
            ? CheckpointJson.Labels(config, where)
            : [.. Enumerable.Range(0, Count(config, where, shape)).Select(i => $"LABEL_{i}")]; // transformers' own names
        return new ClassifierLabels(labels, Projection.Read(checkpoint, name, labels.Length, width, hasBias: true));
    }

    private static int Count(JsonElement config, string where, IReadOnlyList<int> shape) =>
        CheckpointJson.OptionalInteger(config, "num_labels", 1, MostLabels, where)
        ?? (shape.Count > 0 && shape[0] is >= 1 and <= MostLabels ? shape[0] : throw new CheckpointException($"{where}: has no id2label, and '{Layer}.weight' does not say how many labels there are."));
}
