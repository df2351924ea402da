using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Preparation;

/// <summary>
/// Finds the tensors of a checkpoint by the names that an adapter has for them. An adapter names modules as they stood in
/// the model that it was trained on: the whole model or its language model alone, in either of the nestings that
/// transformers has had.
/// </summary>
internal sealed class AdaptedTensors
{
    private readonly SafetensorsCheckpoint _checkpoint;
    private readonly ILookup<string, string> _byBareName;

    public AdaptedTensors(SafetensorsCheckpoint checkpoint)
    {
        _checkpoint = checkpoint;
        _byBareName = checkpoint.Tensors.Keys.ToLookup(BareName, StringComparer.Ordinal);
    }

    /// <param name="name">The tensor's name as the adapter has it.</param>
    /// <param name="where">For messages.</param>
    /// <exception cref="CheckpointException">There is none, or there are several.</exception>
    public StoredTensor Find(string name, string where)
    {
        if (_checkpoint.Tensors.TryGetValue(name, out StoredTensor? tensor))
        {
            return tensor;
        }

        string[] found = [.. _byBareName[BareName(name)]];
        return found.Length switch
        {
            1 => _checkpoint.Tensors[found[0]],
            0 => throw new CheckpointException($"{where}: changes '{name}', but {_checkpoint.Folder} has no such tensor; the adapter is another model's."),
            _ => throw new CheckpointException($"{where}: changes '{name}', which can be any of {string.Join(", ", found.Order(StringComparer.Ordinal))} in {_checkpoint.Folder}."),
        };
    }

    /// <summary>A name without the wrappers that differ between nestings.</summary>
    private static string BareName(string name) => string.Join('.', name.Split('.').Where(part => part is not ("model" or "language_model" or "text_model")));
}
