namespace SafeVision.Evaluation.Datasets;

/// <summary>The forms in which a dataset may lie on a disk. <c>docs/datasets.md</c> shows each.</summary>
public enum DatasetFormat
{
    /// <summary>
    /// A CSV file in the published form of VisionHarm-T: the columns <c>ID,Label,Image Path</c>, or those with a third column
    /// <c>Source</c>, and one label of ten, <c>[0]</c> to <c>[9]</c>.
    /// </summary>
    VisionHarmT,

    /// <summary>The same with the fifteen classes of VisionHarm-C and several labels for an image: <c>"[1,3]"</c>.</summary>
    VisionHarmC,

    /// <summary>A folder of images for each category; one called safe, none, normal or harmless for harmless images.</summary>
    Folders,

    /// <summary>A CSV file with a header that names an image column and a label column.</summary>
    Csv,

    /// <summary>A file of JSON objects, one a line, each an <see cref="EvaluationSample"/> in camelCase, with a <c>dataset.json</c> beside it.</summary>
    JsonLines,
}
