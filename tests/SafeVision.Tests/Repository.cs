namespace SafeVision.Tests;

/// <summary>Files of the repository that tests hold to the code: documents, samples, models.</summary>
internal static class Repository
{
    private static readonly string s_root = FindRoot();

    public static string PathOf(string path) => Path.Combine(s_root, path);

    public static string Read(string path) => File.ReadAllText(PathOf(path));

    private static string FindRoot()
    {
        for (DirectoryInfo? folder = new(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "SafeVision.sln")))
            {
                return folder.FullName;
            }
        }

        throw new DirectoryNotFoundException($"{AppContext.BaseDirectory} lies in no clone of the repository.");
    }
}
