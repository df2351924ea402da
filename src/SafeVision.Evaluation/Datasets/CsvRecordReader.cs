using System.Text;

namespace SafeVision.Evaluation.Datasets;

/// <summary>
/// The records of a CSV file by RFC 4180: fields in quotes may hold commas, line ends and doubled quotes. Written here because
/// the records of a stranger's file need a limit on their size and a line number each.
/// </summary>
internal sealed class CsvRecordReader(DatasetText text, int maxLength)
{
    private const int MostFields = 256;

    private readonly List<string> _fields = [];
    private readonly StringBuilder _field = new();
    private int _length;

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
        while (text.Peek() is '\n' or '\r')
        {
            text.Read();
        }

        if (text.Peek() < 0)
        {
            return false;
        }

        (Where, Error, _length) = ($"{text.Name}:{text.Line}", null, 0);
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
        int end = text.Peek() == '"' ? ReadQuoted() : ReadPlain();
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
            else if (text.Peek() == '"')
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

    private int Next() => ++_length <= maxLength + 1
        ? text.Read()
        : throw new DatasetException($"The record at {Where} has more than {maxLength} characters ({nameof(DatasetReadOptions)}.{nameof(DatasetReadOptions.MaxLineLength)}). A quote there may never be closed.");
}
