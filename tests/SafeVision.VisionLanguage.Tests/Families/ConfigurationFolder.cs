using System.Text.Json.Nodes;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Families;

namespace SafeVision.VisionLanguage.Tests.Families;

/// <summary>A copy of a model's JSON files that a test may spoil.</summary>
internal sealed class ConfigurationFolder : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("model-configuration-");

    /// <param name="model">The folder under the fixtures.</param>
    public ConfigurationFolder(string model)
    {
        foreach (string file in Directory.EnumerateFiles(PathOf(model), "*.json"))
        {
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        }
    }

    public string Folder => _folder.FullName;

    /// <summary>A model's folder of the fixtures, as it is.</summary>
    public static ModelConfiguration Open(string model) => ModelConfiguration.Open(PathOf(model));

    /// <summary>Changes a file.</summary>
    public ConfigurationFolder Edit(string file, Action<JsonObject> change)
    {
        string path = Path.Combine(Folder, file);
        var json = (JsonObject)JsonNode.Parse(File.ReadAllText(path))!;
        change(json);
        File.WriteAllText(path, json.ToJsonString());
        return this;
    }

    /// <summary>Sets a value, given as JSON, by its dotted path.</summary>
    public ConfigurationFolder Set(string file, string path, string value) => Edit(file, json =>
    {
        string[] names = path.Split('.');
        foreach (string name in names[..^1])
        {
            json = (JsonObject)json[name]!;
        }

        json[names[^1]] = JsonNode.Parse(value);
    });

    public ModelConfiguration Read() => ModelConfiguration.Open(Folder);

    /// <summary>What reading a model complains of when one of its values is replaced.</summary>
    public static string Refusal(string model, string file, string path, string value, Func<ModelConfiguration, object> read)
    {
        using ConfigurationFolder folder = new ConfigurationFolder(model).Set(file, path, value);
        string message = Assert.Throws<ModelLoadException>(() => read(folder.Read())).Message;
        Assert.Contains(Path.Combine(folder.Folder, file), message, StringComparison.Ordinal);
        return message;
    }

    public void Dispose() => _folder.Delete(recursive: true);

    private static string PathOf(string model) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", model);
}
