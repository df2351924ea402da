using System.Text;
using System.Text.Json.Nodes;
using JsonValue = SafeVision.Files.JsonValue;

namespace SafeVision.Conversion.Tests;

/// <summary>Files beside the tests.</summary>
internal static class Fixture
{
    public static string PathOf(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", name);

    public static string Model(string name) => Path.Combine(AppContext.BaseDirectory, "models", name);

    /// <summary>A checkpoint's folder, or a copy of it with another of its configurations as <c>config.json</c>.</summary>
    public static string WithConfig(string name, string? config, TemporaryFolder folder)
    {
        if (config is null)
        {
            return PathOf(name);
        }

        string copy = Directory.CreateDirectory(folder.PathOf("source")).FullName;
        foreach (string path in Directory.EnumerateFiles(PathOf(name)))
        {
            File.Copy(path, Path.Combine(copy, Path.GetFileName(path)));
        }

        File.Copy(Path.Combine(PathOf(name), config), Path.Combine(copy, "config.json"), overwrite: true);
        return copy;
    }

    /// <summary>Changes a JSON file.</summary>
    public static void Edit(string path, Action<JsonObject> change)
    {
        JsonObject json = JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        change(json);
        File.WriteAllText(path, json.ToJsonString());
    }

    /// <summary>Sets a property, given as JSON, by its name, behind those of its parents with dots between.</summary>
    public static void Set(JsonObject json, string path, string value)
    {
        string[] names = path.Split('.');
        names[..^1].Aggregate((JsonNode)json, (part, name) => part[name]!)[names[^1]] = JsonNode.Parse(value);
    }

    /// <summary>Asserts that the checkpoint in a folder's <c>source</c> is refused, with words of the message, and nothing is left behind.</summary>
    public static async Task RefusesAsync(TemporaryFolder folder, string message, string precision = "float32")
    {
        CheckpointException exception = await Assert.ThrowsAsync<CheckpointException>(() => ModelConverter.ConvertAsync(
            new ConversionOptions { Source = folder.PathOf("source"), Destination = folder.PathOf("model"), Precision = precision }));
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
        Assert.False(Directory.Exists(folder.PathOf("model")));
    }

    /// <summary>A fixture is refused once a part of its config.json, which must be there, is replaced.</summary>
    public static async Task RefusesConfigAsync(string name, string part, string replacement, string message)
    {
        using var folder = new TemporaryFolder();
        string path = Path.Combine(WithConfig(name, "config.json", folder), "config.json"), config = File.ReadAllText(path);
        Assert.Contains(part, config, StringComparison.Ordinal);
        File.WriteAllText(path, config.Replace(part, replacement, StringComparison.Ordinal));
        await RefusesAsync(folder, message);
    }

    /// <summary>A configuration, as a checkpoint's file would be read.</summary>
    public static JsonValue Config(string json) =>
        JsonValue.Parse("config.json", Encoding.UTF8.GetBytes(json), (message, cause) => new CheckpointException(message, cause));
}
