namespace SafeVision.Conversion;

/// <summary>The files of a checkpoint that its ONNX folder needs too: configuration, tokenizer, prompts, licence.</summary>
internal static class CompanionFiles
{
    private const long LargestFile = 256 << 20;
    private const string LicenseName = "LICENSE";
    private const string PromptName = "safevision-prompt.yaml";

    private static readonly string[] s_names =
    [
        "config.json", "generation_config.json", "preprocessor_config.json", "processor_config.json", "video_preprocessor_config.json",
        "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "spiece.model", "special_tokens_map.json", "added_tokens.json", "vocab.json", "merges.txt",
        "chat_template.json", "chat_template.jinja", PromptName, "safevision-words.tsv",
    ];

    private static readonly string[] s_starts = ["LICENSE", "LICENCE", "NOTICE"];

    /// <param name="recipe">May name the text of a licence, which takes the place of the checkpoint's.</param>
    /// <param name="changed">The contents of those that are not taken as they are.</param>
    /// <exception cref="CheckpointException">One is larger than such a file can be, or can't be copied.</exception>
    public static SortedDictionary<string, string> Copy(string source, ModelFolderWriter folder, ConversionRecipe recipe, IReadOnlyDictionary<string, byte[]>? changed = null)
    {
        var files = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in Find(source))
        {
            string name = Path.GetFileName(path);
            bool isReplaced = changed?.ContainsKey(name) == true || (name == LicenseName && recipe.LicenseFile is not null);
            if (!isReplaced)
            {
                files[name] = folder.Copy(path, name);
            }
        }

        foreach ((string name, byte[] content) in changed ?? new Dictionary<string, byte[]>())
        {
            files[name] = folder.Write(name, content);
        }

        if (recipe.Protocol is { } protocol && !files.ContainsKey(PromptName))
        {
            files[PromptName] = folder.Write(PromptName, Encoding.UTF8.GetBytes($"protocol: {protocol}\n"));
        }

        if (recipe.LicenseFile is { } license)
        {
            files[LicenseName] = folder.Copy(Path.Combine(recipe.Folder ?? "", license), LicenseName);
        }

        return files;
    }

    /// <summary>Whether a file of this name is one.</summary>
    public static bool IsCompanion(string name) => s_names.Contains(name) || s_starts.Any(start => name.StartsWith(start, StringComparison.OrdinalIgnoreCase));

    /// <summary>Their paths, in order.</summary>
    /// <exception cref="CheckpointException">One is missing behind its link, no regular file, a Git LFS pointer, or larger than such a file can be.</exception>
    public static IReadOnlyList<string> Find(string folder)
    {
        string[] found =
        [
            .. Directory.EnumerateFiles(folder)
                .Where(path => IsCompanion(Path.GetFileName(path)))
                .Order(StringComparer.Ordinal),
        ];
        Array.ForEach(found, path => CheckpointFile.Check(path, LargestFile));
        return found;
    }
}

/// <summary>The hashes of a checkpoint's files, so that a manifest says what a model was made from.</summary>
internal static class SourceHashes
{
    private const int BufferSize = 1 << 20;

    public static IReadOnlyDictionary<string, string> Compute(IReadOnlyList<string> paths, Action<long, long> read, CancellationToken cancellationToken)
    {
        long total = 0, done = 0;
        foreach (string path in paths)
        {
            using FileStream stream = CheckpointFile.Open(path);
            total += stream.Length;
        }

        byte[] buffer = new byte[BufferSize];
        var hashes = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (string path in paths)
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            using FileStream stream = CheckpointFile.Open(path);
            for (int count; (count = stream.Read(buffer)) > 0;)
            {
                cancellationToken.ThrowIfCancellationRequested();
                hash.AppendData(buffer, 0, count);
                read(done += count, total);
            }

            hashes[Path.GetFileName(path)] = Convert.ToHexStringLower(hash.GetCurrentHash());
        }

        return hashes;
    }
}
