using System.Text.Unicode;

namespace SafeVision.Policies;

/// <summary>A policy file: its bytes to text, its text to a policy.</summary>
internal static class PolicyFile
{
    public const int MostBytes = 1024 * 1024;

    public const string TooLarge = "the policy is larger than 1 MiB";

    /// <summary>Reads a file as strict UTF-8, never more of it than a policy may hold.</summary>
    /// <exception cref="PolicyException">It is missing, no regular file, too large or not UTF-8, or it can't be read.</exception>
    public static string ReadText(string path) => Read(path, bytes =>
        bytes.Length <= MostBytes ? Decode(bytes, path) : throw Error(path, new(1, 1), TooLarge));

    /// <summary>What the path holds at this moment, as a hash. Unlike a time and a size it also tells when a link on the way leads
    /// elsewhere, as Kubernetes changes a mounted ConfigMap, and when a file is replaced by one as old and as long.</summary>
    /// <returns>Null where nothing can be read.</returns>
    public static string? Fingerprint(string path)
    {
        try
        {
            return Read(path, static bytes => Convert.ToHexString(SHA256.HashData(bytes)));
        }
        catch (PolicyException)
        {
            return null;
        }
    }

    /// <summary>Hands the file's bytes to <paramref name="use"/>: one more than a policy may have where there are more.</summary>
    private static TResult Read<TResult>(string path, Func<ReadOnlySpan<byte>, TResult> use)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(MostBytes + 1);
        try
        {
            using FileStream stream = RegularFile.Open(path, MostBytes);
            return use(buffer.AsSpan(0, stream.ReadAtLeast(buffer.AsSpan(0, MostBytes + 1), MostBytes + 1, throwOnEndOfStream: false)));
        }
        catch (FileRefusedException exception) when (exception.Reason == FileRefusalReason.Empty)
        {
            return use([]);
        }
        catch (FileRefusedException exception) when (exception.Reason == FileRefusalReason.TooLarge)
        {
            throw Error(path, new(1, 1), TooLarge);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException)
        {
            string reason = exception is FileRefusedException { Reason: FileRefusalReason.Missing }
                ? $"there is no such policy file; 'safevision policy new {Path.GetFileName(path)}' writes one to start from"
                : exception.Message.TrimEnd('.');
            throw new PolicyException([new PolicyError(path, 0, 0, reason)], exception);
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
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
