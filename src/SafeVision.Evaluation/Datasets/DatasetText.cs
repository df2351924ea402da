namespace SafeVision.Evaluation.Datasets;

/// <summary>The characters of a dataset's file, decoded strictly and never more of them than the limits allow.</summary>
/// <remarks>UTF-8, or what a byte order mark says: UTF-16 or UTF-32. Lines end with LF, CR or both.</remarks>
internal sealed class DatasetText : IDisposable
{
    private readonly StreamReader _reader;
    private readonly int _maxLine;
    private readonly StringBuilder _line = new();
    private int _ahead = -2; // -2: nothing read ahead, -1: the end

    private DatasetText(string name, StreamReader reader, int maxLine) => (Name, _reader, _maxLine) = (name, reader, maxLine);

    public string Name { get; } // the file's name, for messages
    public int Line { get; private set; } = 1; // the line of the next character, from 1

    /// <summary>Opens a regular file.</summary>
    /// <exception cref="DatasetException">It is not there, not a file, empty, or too large.</exception>
    public static DatasetText Open(string path, DatasetReadOptions options)
    {
        string name = Path.GetFileName(path);
        FileStream? stream = null;
        try
        {
            stream = RegularFile.Open(path, options.MaxFileBytes, FileOptions.SequentialScan);
            if (DatasetPaths.IsAppleDouble(stream))
            {
                throw new DatasetException($"'{path}' is {DatasetPaths.AppleDouble}.");
            }

            Encoding encoding = SkipMark(stream);
            return new DatasetText(name, new StreamReader(stream, encoding, detectEncodingFromByteOrderMarks: false, bufferSize: 65536), options.MaxLineLength);
        }
        catch (DatasetException)
        {
            stream?.Dispose();
            throw;
        }
        catch (FileRefusedException refused)
        {
            throw new DatasetException(
                refused.Reason == FileRefusalReason.TooLarge
                    ? $"{refused.Message} The limit is {nameof(DatasetReadOptions)}.{nameof(DatasetReadOptions.MaxFileBytes)}."
                    : refused.Message,
                refused);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
        {
            stream?.Dispose();
            throw new DatasetException($"'{path}' cannot be read: {error.Message}", error);
        }
    }

    /// <summary>The next character, every line end as one LF; -1 at the end.</summary>
    public int Read()
    {
        int character = Take();
        if (character == '\r')
        {
            if (Peek() == '\n')
            {
                Take();
            }

            character = '\n';
        }

        if (character == '\n')
        {
            Line++;
        }

        return character;
    }

    /// <summary>The next character without passing it; -1 at the end.</summary>
    public int Peek()
    {
        if (_ahead == -2)
        {
            _ahead = Next();
        }

        return _ahead;
    }

    /// <summary>The next line without its end; null at the end of the file.</summary>
    /// <param name="tooLong">Whether the line has more characters than allowed; it is then passed over, and only its start is returned.</param>
    public string? ReadLine(out bool tooLong)
    {
        tooLong = false;
        _line.Clear();
        int character = Read();
        if (character < 0)
        {
            return null;
        }

        for (; character >= 0 && character != '\n'; character = Read())
        {
            if (_line.Length < _maxLine)
            {
                _line.Append((char)character);
            }
            else
            {
                tooLong = true;
            }
        }

        return _line.ToString();
    }

    /// <summary>All that is left.</summary>
    public string ReadToEnd()
    {
        var rest = new StringBuilder();
        for (int character = Read(); character >= 0; character = Read())
        {
            rest.Append((char)character);
        }

        return rest.ToString();
    }

    public void Dispose() => _reader.Dispose();

    private int Take()
    {
        int character = Peek();
        _ahead = character < 0 ? -1 : -2;
        return character;
    }

    private int Next()
    {
        try
        {
            return _reader.Read();
        }
        catch (DecoderFallbackException error)
        {
            throw new DatasetException($"'{Name}' is not {_reader.CurrentEncoding.WebName} somewhere after line {Line}. Save it as UTF-8.", error);
        }
        catch (IOException error)
        {
            throw new DatasetException($"'{Name}' cannot be read after line {Line}: {error.Message}", error);
        }
    }

    // Strict encodings: a byte that means nothing is an error, never a replacement character in an id.
    private static Encoding SkipMark(FileStream stream)
    {
        Span<byte> head = stackalloc byte[4];
        head = head[..stream.ReadAtLeast(head, 4, throwOnEndOfStream: false)];
        (Encoding encoding, int length) = head switch
        {
            [0xEF, 0xBB, 0xBF, ..] => ((Encoding)new UTF8Encoding(false, true), 3),
            [0xFF, 0xFE, 0, 0] => (new UTF32Encoding(false, false, true), 4),
            [0, 0, 0xFE, 0xFF] => (new UTF32Encoding(true, false, true), 4),
            [0xFF, 0xFE, ..] => (new UnicodeEncoding(false, false, true), 2),
            [0xFE, 0xFF, ..] => (new UnicodeEncoding(true, false, true), 2),
            _ => (new UTF8Encoding(false, true), 0),
        };
        stream.Position = length;
        return encoding;
    }
}

/// <summary>Files that a dataset names: inside its folder or not at all, and really the files that they are called.</summary>
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

    /// <summary>What an AppleDouble file is, to be said after "it is".</summary>
    public const string AppleDouble = "what macOS writes beside a file (AppleDouble) and not the file itself, which is called the same without '._'";

    /// <summary>Whether a file is what macOS writes beside another on a foreign disk: <c>._name</c>.</summary>
    public static bool IsSidecar(string path) => Path.GetFileName(path).StartsWith("._", StringComparison.Ordinal);

    /// <summary>Whether a file is an AppleDouble file by its first bytes. The stream is at its start afterwards.</summary>
    public static bool IsAppleDouble(Stream stream)
    {
        Span<byte> start = stackalloc byte[4];
        int length = stream.ReadAtLeast(start, start.Length, throwOnEndOfStream: false);
        stream.Position = 0;
        return RegularFile.IsAppleDouble(start[..length]);
    }

    /// <summary>What is wrong with an image file, to be said after its name; null where nothing is. Images are not decoded.</summary>
    public static string? ProblemOf(string path)
    {
        // A file of some size that is not named like macOS's is looked at by its size alone: a dataset has millions of them.
        if (!IsSidecar(path) && new FileInfo(path) is { Exists: true, LinkTarget: null, Length: > LongestStandIn })
        {
            return null;
        }

        try
        {
            using FileStream stream = RegularFile.Open(path, long.MaxValue);
            return IsAppleDouble(stream) ? $"is {AppleDouble}" : null;
        }
        catch (FileRefusedException refused)
        {
            return refused.Reason switch
            {
                FileRefusalReason.Missing => $"is not in '{Path.GetDirectoryName(path)}'",
                FileRefusalReason.Empty => "is empty",
                _ => $"cannot be used: {refused.Message.TrimEnd('.')}",
            };
        }
    }

    private const int LongestStandIn = 8192; // a Git LFS pointer has 200 bytes, a file of macOS's mostly 4096
}
