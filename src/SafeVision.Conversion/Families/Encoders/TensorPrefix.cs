using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Families.Encoders;

/// <summary>
/// What a checkpoint puts before the names of its tensors: nothing, <c>model.</c>, the name of the bare model, what a wrapper
/// added when it was saved.
/// </summary>
internal static class TensorPrefix
{
    /// <param name="checkpoint">The tensors.</param>
    /// <param name="name">The end of a name that every checkpoint of the kind has once.</param>
    /// <exception cref="CheckpointException">No tensor has it, or several have.</exception>
    public static string Find(SafetensorsCheckpoint checkpoint, string name)
    {
        string[] found = [.. checkpoint.Tensors.Keys.Where(key => key == name || key.EndsWith($".{name}", StringComparison.Ordinal)).Order(StringComparer.Ordinal).Take(2)];
        return found.Length switch
        {
            1 => found[0][..^name.Length],
            0 => throw new CheckpointException($"{checkpoint.Folder}: the checkpoint has no tensor '{name}', alone or behind a prefix, which its architecture needs."),
            _ => throw new CheckpointException($"{checkpoint.Folder}: the checkpoint has '{found[0]}' and '{found[1]}', so that it can't be told which one the model uses."),
        };
    }
}
