using System.Text.Json;

namespace SafeVision.Evaluation.Datasets;

/// <summary>A file that says what a dataset's labels mean: <c>{"gun": "Weapons_Substance_Abuse", "fine": "safe"}</c>.</summary>
public static class LabelMapFile
{
    private const long MostBytes = 1 << 20;

    /// <summary>Reads a JSON object of labels and ids of categories, for <see cref="DatasetReadOptions.LabelMap"/>.</summary>
    /// <param name="path">A file of at most 1 MiB.</param>
    /// <exception cref="DatasetException">There is no such file, or it is no such object.</exception>
    public static IReadOnlyDictionary<string, string> Read(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        using DatasetText text = DatasetText.Open(path, new DatasetReadOptions { MaxFileBytes = MostBytes });
        try
        {
            Dictionary<string, string> map = JsonSerializer.Deserialize(text.ReadToEnd(), DatasetJson.Default.DictionaryStringString) ?? [];
            return map.Values.Any(string.IsNullOrWhiteSpace)
                ? throw new DatasetException($"'{path}' gives a label no meaning. A meaning is the id of a category, or safe.")
                : map;
        }
        catch (JsonException error)
        {
            throw new DatasetException($"'{path}' is no label map: line {error.LineNumber + 1}, {DatasetJson.Explain(error)}. It is an object of labels and ids of categories, such as {{\"gun\": \"Weapons_Substance_Abuse\"}}.", error);
        }
    }
}
