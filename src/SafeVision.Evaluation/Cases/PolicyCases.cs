namespace SafeVision.Evaluation.Cases;

/// <summary>Reads a team's cases. A folder holds images and YAML files that say what is expected of them, or images sorted into the
/// folders <c>allow</c>, <c>review</c> and <c>block</c>, or both.</summary>
public static class PolicyCases
{
    private const int MostCases = 100_000;
    private const int MostBytes = 16 << 20;

    private static readonly string[] s_files = ["*.yaml", "*.yml", "*.json"];
    private static readonly string[] s_images = [".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"];

    /// <summary>The cases of a folder: those of its files in order of their paths, then those of its decision folders.</summary>
    /// <param name="folder">The folder; its <c>*.yaml</c>, <c>*.yml</c> and <c>*.json</c> files are read, not those of folders in it.</param>
    /// <exception cref="EvaluationException">There is no case, a file is not valid, or it names an image that is not there.</exception>
    public static IReadOnlyList<PolicyCase> Load(string folder)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        string root = Path.GetFullPath(folder);
        if (!Directory.Exists(root))
        {
            throw new EvaluationException($"{folder}: there is no such folder of cases.");
        }

        try
        {
            List<PolicyCase> cases = [];
            string[] files = [.. s_files.SelectMany(pattern => Directory.EnumerateFiles(root, pattern)).Where(file => !DatasetPaths.IsSidecar(file)).Order(StringComparer.Ordinal)];
            foreach (string file in files)
            {
                cases.AddRange(CaseFileReader.Read(ReadText(file), Path.Combine(folder, Path.GetFileName(file)), root));
            }

            foreach (Decision decision in Enum.GetValues<Decision>().OrderByDescending(decision => decision))
            {
                cases.AddRange(OfFolder(root, decision));
            }

            return cases.Count switch
            {
                0 => throw new EvaluationException($"{folder}: no case. Write a file of 'cases:', or sort images into the folders allow, review and block."),
                > MostCases => throw new EvaluationException($"{folder}: more than {MostCases} cases."),
                _ => cases,
            };
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new EvaluationException($"{folder}: the cases can't be read: {exception.Message}", exception);
        }
    }

    private static string ReadText(string file)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(RegularFile.ReadAllBytes(file, MostBytes));
        }
        catch (DecoderFallbackException exception)
        {
            throw new EvaluationException($"{Path.GetFileName(file)} is not UTF-8; save it as that.", exception);
        }
    }

    private static IEnumerable<PolicyCase> OfFolder(string root, Decision decision)
    {
        string word = CaseFileReader.Word(decision);
        string folder = Path.Combine(root, word);
        return !Directory.Exists(folder) ? [] : Directory.EnumerateFiles(folder)
            .Where(file => !DatasetPaths.IsSidecar(file) && s_images.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase))
            .Order(StringComparer.Ordinal)
            .Select(file => $"{word}/{Path.GetFileName(file)}")
            .Select(name => new PolicyCase { Name = name, Image = DatasetPaths.Resolve(root, name), Decisions = [decision] });
    }
}
