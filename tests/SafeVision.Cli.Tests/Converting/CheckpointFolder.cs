using SafeVision.Tests;

namespace SafeVision.Cli.Tests.Converting;

/// <summary>A tiny checkpoint as it would be downloaded: weights, configuration, tokenizer.</summary>
internal static class CheckpointFolder
{
    /// <summary>Copies one into a folder.</summary>
    public static string Copy(TemporaryFolder folder, string checkpoint, string name = "source")
    {
        foreach (string tests in new[] { "SafeVision.VisionLanguage.Tests", "SafeVision.Conversion.Tests" })
        {
            foreach (string path in Directory.EnumerateFiles(Repository.PathOf($"tests/{tests}/Fixtures/vlm/{checkpoint}")))
            {
                folder.Write($"{name}/{Path.GetFileName(path)}", File.ReadAllBytes(path));
            }
        }

        return folder.At(name);
    }
}
