namespace SafeVision.Cli;

/// <summary>Writes the evidence of the finding that weighs most as an image beside which a person can judge the judge.</summary>
internal sealed class HeatMapFolder
{
    private const int LongestName = 150; // with a category's 64, a number and an extension below the 255 bytes of most file systems

    private readonly string _folder;
    private readonly HashSet<string> _taken;
    private readonly SkiaImageDecoder _decoder = new();
    private string? _firstFailure;
    private int _failed;

    /// <param name="inputs">The images to be judged, none of which is ever written over.</param>
    /// <exception cref="IOException">The folder can't be made or written to.</exception>
    public HeatMapFolder(string folder, IEnumerable<string> inputs)
    {
        _folder = folder;
        _taken = new HashSet<string>(inputs.Select(Path.GetFullPath), StringComparer.OrdinalIgnoreCase);
        try
        {
            Directory.CreateDirectory(folder);

            // Better to know now than after the first thousand images.
            using var probe = new FileStream(Path.Combine(_folder, $".{Path.GetRandomFileName()}.tmp"), FileMode.CreateNew, FileAccess.Write, FileShare.None, 1, FileOptions.DeleteOnClose);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new IOException($"{folder}: heat maps can't be written there. {exception.Message}", exception);
        }
    }

    /// <summary>How many heat maps could not be written and why, for a person; null where none failed.</summary>
    public string? Failures => _firstFailure is null ? null
        : $"{_folder}: {_failed} {(_failed == 1 ? "heat map" : "heat maps")} could not be written. {_firstFailure}";

    /// <summary>The file written, or null when the finding has no heat map, the image can't be read a second time, or the file
    /// can't be written: a full disk costs heat maps, never verdicts.</summary>
    public async Task<string?> WriteAsync(string path, ImageSource source, GuardrailResult result, CancellationToken cancellationToken)
    {
        if (result.Primary is not { Evidence.HeatMap: { } map } finding)
        {
            return null;
        }

        try
        {
            using DecodedImage image = await _decoder.DecodeAsync(source, new ImageDecodeOptions(), cancellationToken);
            ImageFrame frame = image.Judged.FirstOrDefault(frame => frame.Index == finding.Frame && frame.Rendering == finding.Rendering) ?? image.Frames[0];
            string file = NameFor(path, finding.Category);
            WholeFile.Write(file, stream => EvidenceOverlay.WritePng(stream, frame, map, finding.Evidence.Boxes));
            return file;
        }
        catch (ImageRejectedException)
        {
            return null; // it was changed or deleted since it was judged
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            _failed++;
            _firstFailure ??= exception.Message;
            return null;
        }
    }

    /// <summary>A name of this run's own: images of the same name from two folders do not write over each other.</summary>
    private string NameFor(string path, string category)
    {
        string name = path == ImageFiles.StandardInput ? "stdin" : Path.GetFileName(path);
        int length = Math.Min(name.Length, LongestName);
        while (System.Text.Encoding.UTF8.GetByteCount(name.AsSpan(0, length)) > LongestName || (length < name.Length && char.IsLowSurrogate(name[length])))
        {
            length--;
        }

        string stem = Path.Combine(_folder, $"{name[..length]}.{category}");
        string candidate = $"{stem}.png";
        for (int i = 2; !_taken.Add(Path.GetFullPath(candidate)); i++)
        {
            candidate = $"{stem}.{i}.png";
        }

        return candidate;
    }
}
