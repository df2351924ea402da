using SafeVision.Engines.VisionLanguage;

namespace SafeVision.Conversion;

/// <summary>The files of a checkpoint that its ONNX folder needs too: configuration, tokenizer, prompts, licence.</summary>
internal static class CompanionFiles
{
    private const long LargestFile = 256 << 20;

    private static readonly string[] s_names =
    [
        "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json",
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "spiece.model", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
        "chat_template.json", "chat_template.jinja", PromptWording.FileName,
    ];

    private static readonly string[] s_starts = ["LICENSE", "LICENCE", "NOTICE"];

    /// <summary>Their paths, in order.</summary>
    /// <exception cref="CheckpointException">One is larger than such a file can be.</exception>
    public static IReadOnlyList<string> Find(string folder)
    {
        string[] found =
        [
            .. Directory.EnumerateFiles(folder)
                .Where(path => s_names.Contains(Path.GetFileName(path)) || s_starts.Any(start => Path.GetFileName(path).StartsWith(start, StringComparison.OrdinalIgnoreCase)))
                .Order(StringComparer.Ordinal),
        ];
        return Array.Find(found, path => new FileInfo(path).Length > LargestFile) is { } large
            ? throw new CheckpointException($"{large}: {new FileInfo(large).Length} bytes are more than such a file may have ({LargestFile}).")
            : found;
    }
}
