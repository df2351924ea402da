using System.Diagnostics.CodeAnalysis;

namespace SafeVision.Conversion.Checkpoints;

/// <summary>Opens the files of a checkpoint, which come from strangers, as <see cref="RegularFile"/> does: pipes, devices, links to
/// them and Git LFS pointers are refused at once. What fails is a fault of the checkpoint.</summary>
internal static class CheckpointFile
{
    private const int LargestJson = 64 << 20;

    /// <exception cref="CheckpointException">It is missing, empty, no regular file, a Git LFS pointer, too long, or can't be opened.</exception>
    public static FileStream Open(string path, long longest = long.MaxValue) => Guard(() => RegularFile.Open(path, longest));

    /// <exception cref="CheckpointException">As for <see cref="Open"/>.</exception>
    public static byte[] ReadAllBytes(string path, int longest) => Guard(() => RegularFile.ReadAllBytes(path, longest));

    /// <summary>A JSON object, read strictly: no comments, no property twice.</summary>
    /// <exception cref="CheckpointException">As for <see cref="Open"/>, or it is none; so are all errors of the value.</exception>
    public static JsonValue ReadObject(string path)
    {
        JsonValue root = JsonValue.Parse(path, ReadAllBytes(path, LargestJson), static (message, cause) => new CheckpointException(message, cause));
        return root.IsObject ? root : throw new CheckpointException($"{path}: is no JSON object.");
    }

    /// <summary>The same; a missing value where there is no such file.</summary>
    public static JsonValue ReadObjectIfThere(string path) =>
        File.Exists(path) ? ReadObject(path) : JsonValue.Absent(path, static (message, cause) => new CheckpointException(message, cause));

    /// <summary>A text of a checkpoint's <c>config.json</c>; null where the folder has no such file, or the file no such text.</summary>
    public static string? ConfigText(string folder, string name) =>
        ReadObjectIfThere(Path.Combine(folder, "config.json"))[name] is { IsText: true } text ? text.Text() : null;

    /// <summary>Whether a name that a file gives is that of a file beside it, and leads nowhere else.</summary>
    public static bool IsPlainName([NotNullWhen(true)] string? name) =>
        !string.IsNullOrWhiteSpace(name) && name is not ("." or "..") && name.AsSpan().IndexOfAny('/', '\\', ':') < 0 && !name.Contains('\0', StringComparison.Ordinal);

    /// <summary>Fails where a file could not be read, without reading it; it may be empty.</summary>
    /// <exception cref="CheckpointException">As for <see cref="Open"/>.</exception>
    public static void Check(string path, long longest) => Guard(() =>
    {
        try
        {
            RegularFile.OpenHandle(path, longest).Dispose();
            return true;
        }
        catch (FileRefusedException exception) when (exception.Reason == FileRefusalReason.Empty)
        {
            return false;
        }
    });

    private static T Guard<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (FileRefusedException exception)
        {
            // It names the file alone; who converts wants to know which folder it is in.
            string detail = exception.Message[(exception.Message.IndexOf("' ", StringComparison.Ordinal) + 2)..];
            throw new CheckpointException($"{exception.Path}: {detail}", exception);
        }
    }
}
