using SafeVision.Imaging;

namespace SafeVision.Cli;

/// <summary>Opens what a path stands for. Standard input can be read once only, so it is kept.</summary>
internal sealed class ImageSources
{
    private readonly Lazy<ImageSource> _standardInput = new(ReadStandardInput);

    public ImageSource Open(string path) => path == ImageFiles.StandardInput ? _standardInput.Value : ImageSource.FromFile(path);

    /// <summary>At most one byte more than the guardrail accepts, which it then refuses for its size.</summary>
    private static ImageSource ReadStandardInput()
    {
        using Stream input = Console.OpenStandardInput();
        using var bytes = new MemoryStream();
        long most = new ImageLimits().MaxBytes + 1;
        byte[] buffer = new byte[81920];
        for (int read; bytes.Length < most && (read = input.Read(buffer)) > 0;)
        {
            bytes.Write(buffer, 0, (int)Math.Min(read, most - bytes.Length));
        }

        return ImageSource.FromBytes(bytes.ToArray(), "standard input");
    }
}
