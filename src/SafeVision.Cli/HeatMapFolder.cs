using SafeVision.Imaging;

namespace SafeVision.Cli;

/// <summary>Writes the evidence of the finding that weighs most as a picture beside which a person can judge the judge.</summary>
internal sealed class HeatMapFolder
{
    private readonly string folder;
    private readonly HashSet<string> taken = new(StringComparer.OrdinalIgnoreCase);
    private readonly SkiaImageDecoder decoder = new();

    public HeatMapFolder(string folder)
    {
        this.folder = folder;
        Directory.CreateDirectory(folder);
    }

    /// <summary>The file written, or null when the finding has no heat map.</summary>
    public async Task<string?> WriteAsync(string path, GuardrailResult result, CancellationToken cancellationToken)
    {
        if (result.Primary is not { Evidence.HeatMap: { } map } finding)
        {
            return null;
        }

        using DecodedImage image = await decoder.DecodeAsync(ImageSource.FromFile(path), new ImageDecodeOptions(), cancellationToken);
        ImageFrame frame = image.Frames.FirstOrDefault(frame => frame.Index == finding.Frame) ?? image.Frames[0];
        string file = Path.Combine(folder, Unique($"{Path.GetFileName(path)}.{finding.Category}"));
        await using FileStream stream = File.Create(file);
        EvidenceOverlay.WritePng(stream, frame, map, finding.Evidence.Boxes);
        return file;
    }

    private string Unique(string name)
    {
        string candidate = $"{name}.png";
        for (int i = 2; !taken.Add(candidate); i++)
        {
            candidate = $"{name}.{i}.png";
        }

        return candidate;
    }
}
