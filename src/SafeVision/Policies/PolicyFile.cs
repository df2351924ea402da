using System.Buffers;
using System.Text;
using System.Text.Unicode;
using SafeVision.Files;

namespace SafeVision.Policies;

/// <summary>A policy file: its bytes to text, its text to a policy.</summary>
internal static class PolicyFile
{
    public const int MostBytes = 1024 * 1024;

    private const string TooLarge = "the policy is larger than 1 MiB";

    /// <summary>Reads a file as strict UTF-8, never more of it than a policy may hold.</summary>
    /// <exception cref="FileRefusedException">It is missing, not a regular file, or can't be read.</exception>
    public static string ReadText(string path)
    {
        try
        {
            return Decode(RegularFile.ReadAllBytes(path, MostBytes), path);
        }
        catch (FileRefusedException error) when (error.Reason == FileRefusalReason.TooLarge)
        {
            throw Error(path, new(1, 1), TooLarge);
        }
    }

    public static SafetyPolicy Parse(string text, string source)
    {
        if (text.Length > MostBytes || Encoding.UTF8.GetByteCount(text) > MostBytes)
        {
            throw Error(source, new(1, 1), TooLarge);
        }

        PolicyErrors errors = new(source);
        YamlNode? root = PolicyYamlReader.Read(text.TrimStart('\uFEFF'), errors);
        return new PolicyParser(errors).Parse(root);
    }

    private static string Decode(ReadOnlySpan<byte> bytes, string path)
    {
        if (bytes.StartsWith("\uFEFF"u8))
        {
            bytes = bytes["\uFEFF"u8.Length..];
        }

        char[] characters = ArrayPool<char>.Shared.Rent(bytes.Length);
        try
        {
            OperationStatus status = Utf8.ToUtf16(bytes, characters, out _, out int written, replaceInvalidSequences: false);
            ReadOnlySpan<char> text = characters.AsSpan(0, written);
            if (status == OperationStatus.Done)
            {
                return text.ToString();
            }

            Place place = new(text.Count('\n') + 1, written - text.LastIndexOf('\n'));
            throw Error(path, place, "not UTF-8 from here on; save the file as UTF-8");
        }
        finally
        {
            ArrayPool<char>.Shared.Return(characters);
        }
    }

    private static PolicyException Error(string source, Place place, string message) =>
        new([new PolicyError(source, place.Line, place.Column, message)]);
}
