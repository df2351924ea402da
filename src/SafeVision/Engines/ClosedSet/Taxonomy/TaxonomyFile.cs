using System.IO.Compression;
using System.Text.Unicode;

namespace SafeVision.Engines.ClosedSet.Taxonomy;

/// <summary>One of a taxonomy's tables: UTF-8 text, a line a row, cells parted by tabs, the first line names the
/// columns. Whoever made it may be a stranger: sizes are bounded and every number is checked, and an error names the
/// file and the line.</summary>
internal sealed class TaxonomyFile
{
    private const int LargestTable = 16 << 20;

    private readonly ModelPackage _package;
    private readonly string _name;

    private TaxonomyFile(ModelPackage package, string name) => (_package, _name) = (package, name);

    /// <summary>Reads a packed table as it is, without its first line: rows parted by line feeds, the last one included.</summary>
    /// <exception cref="ModelLoadException">It is missing, altered, broken, or unpacks to more than 16 MiB.</exception>
    public static byte[] ReadPacked(ModelPackage package, string name)
    {
        var file = new TaxonomyFile(package, name);
        byte[] packed = package.ReadVerified(name);
        try
        {
            using var unpacking = new GZipStream(new MemoryStream(packed, writable: false), CompressionMode.Decompress);
            using var unpacked = new MemoryStream(4 * packed.Length);
            byte[] buffer = new byte[1 << 16];
            for (int read = unpacking.Read(buffer); read > 0; read = unpacking.Read(buffer))
            {
                unpacked.Write(buffer, 0, read);
                if (unpacked.Length > LargestTable)
                {
                    throw file.Broken(0, $"unpacks to more than {LargestTable} bytes");
                }
            }

            ReadOnlySpan<byte> text = unpacked.GetBuffer().AsSpan(0, (int)unpacked.Length);
            int header = text.IndexOf((byte)'\n');
            return Utf8.IsValid(text) && header >= 0 && text[^1] == '\n'
                ? text[(header + 1)..].ToArray()
                : throw file.Broken(0, "is no UTF-8 text of whole lines");
        }
        catch (InvalidDataException exception)
        {
            throw new ModelLoadException($"{package.Folder.Description}: '{name}' can't be unpacked. {exception.Message}", exception);
        }
    }

    /// <summary>Reads each row of a table, in order.</summary>
    /// <param name="columns">How many cells a row must have at least.</param>
    /// <exception cref="ModelLoadException">It is missing or altered, or a row is not what it must be.</exception>
    public static void Read(ModelPackage package, string name, int columns, Action<Row> read)
    {
        var file = new TaxonomyFile(package, name);
        byte[] bytes = package.ReadVerified(name);
        if (bytes.Length > LargestTable || !Utf8.IsValid(bytes))
        {
            throw file.Broken(0, $"is no UTF-8 text of at most {LargestTable} bytes");
        }

        int number = 0;
        foreach (Range line in bytes.AsSpan().Split((byte)'\n'))
        {
            if (++number == 1 || bytes.AsSpan()[line].IsEmpty)
            {
                continue;
            }

            string[] cells = Encoding.UTF8.GetString(bytes.AsSpan()[line]).Split('\t');
            if (cells.Length < columns)
            {
                throw file.Broken(number, $"has {cells.Length} cells, not {columns}");
            }

            read(new Row(file, number, cells));
        }
    }

    private ModelLoadException Broken(int line, string what) =>
        new($"{_package.Folder.Description}: '{_name}'{(line > 0 ? $", line {line}," : "")} {what}. Copy the taxonomy's folder again.");

    /// <summary>A row and its place.</summary>
    public readonly struct Row(TaxonomyFile file, int number, string[] cells)
    {
        public string this[int column] => column < cells.Length ? cells[column] : "";

        /// <summary>A whole number of a cell, from 0 to below <paramref name="limit"/>.</summary>
        public int Number(int column, int limit) => Number(this[column], limit);

        /// <summary>The whole numbers of a cell, parted by blanks.</summary>
        public int[] Numbers(int column, int limit)
        {
            string[] numbers = this[column].Split(' ', StringSplitOptions.RemoveEmptyEntries);
            int[] result = numbers.Length == 0 ? [] : new int[numbers.Length];
            for (int i = 0; i < result.Length; i++)
            {
                result[i] = Number(numbers[i], limit);
            }

            return result;
        }

        /// <summary>What to throw about this row.</summary>
        public ModelLoadException Broken(string what) => file.Broken(number, what);

        private int Number(string text, int limit) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int value) && value < limit
            ? value
            : throw file.Broken(number, $"holds '{(text.Length > 40 ? text[..40] : text)}' where a whole number below {limit} must stand");
    }
}
