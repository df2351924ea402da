namespace SafeVision.Evaluation.Datasets;

/// <summary>The records of a CSV file by RFC 4180: fields in quotes may hold commas, line ends and doubled quotes. Written here
/// because the records of a stranger's file need a limit on their size and a line number each.</summary>
public sealed class CsvRecordReader : IDisposable
{
    private const int MostFields = 256;

    private readonly DatasetText _text;
    private readonly int _maxLength;
    private readonly List<string> _fields = [];
    private readonly StringBuilder _field = new();
    private int _length;

    internal CsvRecordReader(DatasetText text, int maxLength) => (_text, _maxLength) = (text, maxLength);

    /// <summary>Opens a regular file.</summary>
    /// <param name="path">The file.</param>
    /// <param name="options">Its limits.</param>
    /// <exception cref="DatasetException">It is not there, not a file, empty, or too large.</exception>
    public static CsvRecordReader Open(string path, DatasetReadOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return new CsvRecordReader(DatasetText.Open(path, options), options.MaxLineLength);
    }

    /// <summary>The fields of the last record.</summary>
    public IReadOnlyList<string> Fields => _fields;

    /// <summary>Where the last record begins.</summary>
    public string Where { get; private set; } = "";

    /// <summary>What is wrong with the last record; null for nothing.</summary>
    public string? Error { get; private set; }

    /// <summary>Reads the next record that is not a blank line; false at the end.</summary>
    /// <exception cref="DatasetException">A record is longer than allowed.</exception>
    public bool Read()
    {
        while (_text.Peek() is '\n' or '\r')
        {
            _text.Read();
        }

        if (_text.Peek() < 0)
        {
            return false;
        }

        (Where, Error, _length) = ($"{_text.Name}:{_text.Line}", null, 0);
        _fields.Clear();
        while (ReadField())
        {
        }

        return true;
    }

    /// <summary>Reads a field; true where another one follows in the same record.</summary>
    private bool ReadField()
    {
        _field.Clear();
        int end = _text.Peek() == '"' ? ReadQuoted() : ReadPlain();
        if (_fields.Count < MostFields)
        {
            _fields.Add(_field.ToString());
        }
        else
        {
            Error ??= $"it has more than {MostFields} fields";
        }

        return end == ',';
    }

    private int ReadPlain()
    {
        int character = Next();
        for (; character is not (-1 or ',' or '\n'); character = Next())
        {
            if (character == '"')
            {
                Error ??= "it has a quote inside a field without quotes; put the field in quotes and double those inside";
            }

            _field.Append((char)character);
        }

        return character;
    }

    private int ReadQuoted()
    {
        Next();
        while (true)
        {
            int character = Next();
            if (character < 0)
            {
                Error ??= "its quote is never closed, so that all lines after it belong to it";
                return character;
            }

            if (character != '"')
            {
                _field.Append((char)character);
            }
            else if (_text.Peek() == '"')
            {
                _field.Append((char)Next());
            }
            else
            {
                break;
            }
        }

        int end = Next();
        for (; end is not (-1 or ',' or '\n'); end = Next())
        {
            Error ??= "it has text after a closing quote";
        }

        return end;
    }

    private int Next() => ++_length <= _maxLength + 1
        ? _text.Read()
        : throw new DatasetException($"The record at {Where} has more than {_maxLength} characters ({nameof(DatasetReadOptions)}.{nameof(DatasetReadOptions.MaxLineLength)}). A quote there may never be closed.");

    /// <inheritdoc/>
    public void Dispose() => _text.Dispose();
}
