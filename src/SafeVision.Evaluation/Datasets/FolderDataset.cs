using System.IO.Enumeration;

namespace SafeVision.Evaluation.Datasets;

/// <summary>A folder for each category, with images in it at any depth; above them there may be a folder for each split.</summary>
internal static class FolderDataset
{
    private const int Deepest = 8;

    private static readonly string[] Extensions = [".PNG", ".JPG", ".JPEG", ".WEBP", ".GIF", ".BMP", ".TIF", ".TIFF"];

    public static EvaluationDataset Read(string path, DatasetReadOptions options, CancellationToken cancellationToken)
    {
        var labels = new LabelVocabulary(options.LabelMap, options.Categories);
        var builder = new DatasetBuilder(path, labels, options);
        string[] folders = FoldersOf(path);
        if (folders.Length > 0 && folders.All(folder => DatasetSplits.Parse(folder) != DatasetSplit.None))
        {
            foreach (string split in folders)
            {
                foreach (string category in FoldersOf(Path.Combine(path, split)))
                {
                    AddFolder(builder, path, $"{split}/{category}", category, split, options.MaxSamples, cancellationToken);
                }
            }
        }
        else
        {
            foreach (string category in folders)
            {
                AddFolder(builder, path, category, category, null, options.MaxSamples, cancellationToken);
            }
        }

        if (ImagesOf(path, 0, 1, cancellationToken).Count > 0)
        {
            builder.Report(DatasetProblemKind.Malformed, Path.GetFileName(path), "Images that are in no category's folder have no label and are left out.");
        }

        if (FirstLink(path) is { } link)
        {
            builder.Report(DatasetProblemKind.Malformed, link, "is a link. Links are not followed, here and elsewhere in the dataset; what they lead to is left out. Copy the files.");
        }

        return builder.Build(Path.GetFileName(path.TrimEnd(Path.DirectorySeparatorChar)));
    }

    private static void AddFolder(DatasetBuilder builder, string root, string folder, string category, string? split, int most, CancellationToken cancellationToken)
    {
        List<string> images = ImagesOf(Path.Combine(root, folder), Deepest, most + 1, cancellationToken);
        if (!builder.Labels.TryResolve(category, out _, out string error))
        {
            builder.Report(DatasetProblemKind.UnknownLabel, folder, $"The folder's {images.Count} images are left out: {error}.");
            return;
        }

        foreach (string file in images)
        {
            string image = Path.GetRelativePath(root, file).Replace(Path.DirectorySeparatorChar, '/');
            builder.Add(new SampleDraft { Where = image, Id = SampleId.From(image), Image = image, Labels = [category], Split = split });
        }
    }

    // Links are not followed: a folder that leads back to itself would never end.
    private static List<string> ImagesOf(string folder, int depth, int most, CancellationToken cancellationToken)
    {
        List<string> found = [];
        foreach (string file in Directory.EnumerateFiles(folder, "*", Walk(depth)))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (Extensions.Contains(Path.GetExtension(file).ToUpperInvariant()))
            {
                found.Add(file);
                if (found.Count >= most)
                {
                    break;
                }
            }
        }

        found.Sort(StringComparer.Ordinal);
        return found;
    }

    private static string[] FoldersOf(string path) =>
        [.. Directory.EnumerateDirectories(path, "*", Walk(0)).Select(folder => Path.GetFileName(folder)!).Order(StringComparer.Ordinal)];

    private static string? FirstLink(string root) =>
        new FileSystemEnumerable<string>(root, (ref entry) => Path.GetRelativePath(root, entry.ToFullPath()).Replace(Path.DirectorySeparatorChar, '/'), Walk(Deepest + 2, FileAttributes.Hidden | FileAttributes.System))
        {
            ShouldIncludePredicate = (ref entry) => entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
            ShouldRecursePredicate = (ref entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        }.Order(StringComparer.Ordinal).FirstOrDefault();

    private static EnumerationOptions Walk(int depth, FileAttributes skipped = FileAttributes.ReparsePoint | FileAttributes.Hidden | FileAttributes.System) => new()
    {
        RecurseSubdirectories = depth > 0,
        MaxRecursionDepth = depth,
        AttributesToSkip = skipped,
        IgnoreInaccessible = false,
    };
}
