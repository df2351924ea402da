using System.Text.Json;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Tokenizers;

/// <summary>The language models' tokenizers among the fixtures, and what their reference libraries make of texts.</summary>
internal static class LanguageTokenizers
{
    public static readonly string[] Names =
    [
        "internvl-llama-hf", "internvl-internlm2-orig", "internvl-qwen2-hf", "internvl-qwen2-orig", "qwen2vl-tiny", "smolvlm-tiny",
        "tokenizers/sp-dummy-prefix",
    ];

    private static readonly Dictionary<string, Lazy<TextTokenizer>> s_opened =
        Names.ToDictionary(name => name, name => new Lazy<TextTokenizer>(() => TextTokenizer.Open(Folder(name))));

    public static TextTokenizer Get(string name) => s_opened[name].Value;

    public static string Folder(string name) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", name);

    /// <summary>The rows of a file of goldens.</summary>
    public static JsonElement[] Rows(string name, string file)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Folder(name), file)));
        return [.. document.RootElement.GetProperty("rows").EnumerateArray().Select(row => row.Clone())];
    }

    /// <summary>A folder of files made for one test, deleted after it.</summary>
    public static TemporaryFolder Write(params (string Name, string Text)[] files)
    {
        TemporaryFolder folder = new();
        foreach ((string name, string text) in files)
        {
            File.WriteAllText(Path.Combine(folder.Path, name), text);
        }

        return folder;
    }

    public sealed class TemporaryFolder : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("tokenizer").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
