namespace SafeVision.Evaluation.Datasets;

/// <summary>Paths that a dataset names: inside its folder or not at all.</summary>
internal static class DatasetPaths
{
    /// <summary>The full path of a file that a dataset names.</summary>
    /// <exception cref="DatasetException">The path is empty, absolute, or leads out of the folder, by itself or through a link.</exception>
    public static string Resolve(string folder, string path)
    {
        if (path.Length == 0 || path.Contains('\0') || path.Contains('\\') || Path.IsPathRooted(path) || path.Split('/').Contains(".."))
        {
            throw new DatasetException($"The dataset names the file '{path}'. Paths are relative to the dataset's folder, with / between their parts and without '..'.");
        }

        string root = Path.GetFullPath(folder);
        string full = root;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            full = Path.Combine(full, part);
            if (new FileInfo(full).LinkTarget is not null)
            {
                throw new DatasetException($"'{path}' is a link. A dataset holds files, so that it cannot name those of others.");
            }
        }

        return full;
    }
}
