namespace SafeVision.Evaluation.Datasets;

/// <summary>One image of a dataset with what is true of it.</summary>
/// <remarks>
/// A sample knows no policy: it lists the categories that apply, and a policy's truth is those of its own categories among
/// them. So one picture serves every policy whose categories the dataset was annotated for.
/// </remarks>
public sealed record EvaluationSample
{
    /// <summary>The name of the sample, unique in its dataset; letters, digits, <c>_ - . /</c>, at most 200 characters.</summary>
    public required string Id { get; init; }

    /// <summary>The image's path inside the dataset's folder, with <c>/</c> between its parts.</summary>
    public required string Image { get; init; }

    /// <summary>The ids of all categories that apply, of every policy that the dataset was annotated for; empty: none applies.</summary>
    public IReadOnlyList<string> Labels { get; init; } = [];

    /// <summary>The things in the picture, where the dataset says where they are.</summary>
    public IReadOnlyList<SampleObject> Objects { get; init; } = [];

    /// <summary>A reference reason for each category that has one, by the category's id.</summary>
    public IReadOnlyDictionary<string, string> Reasons { get; init; } = new Dictionary<string, string>();

    /// <summary>Which part of the dataset it belongs to.</summary>
    public DatasetSplit Split { get; init; }

    /// <summary>What a breakdown may group by, such as <c>set:noto</c> or <c>scene:decoy</c>.</summary>
    public IReadOnlyList<string> Tags { get; init; } = [];
}
