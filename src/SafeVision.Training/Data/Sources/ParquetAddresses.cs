using Parquet;
using Parquet.Meta;
using Parquet.Schema;

namespace SafeVision.Training.Data.Sources;

/// <summary>Lists of addresses in Parquet files, read one row group after the other and of the columns only those that
/// are wanted. A stranger wrote them, so <see cref="ParquetPages"/> looks at every size that a file declares before
/// anything of that size is allocated.</summary>
internal static class ParquetAddresses
{
    private const long MostFileBytes = 16L << 30, MostGroupBytes = 512L << 20;
    private const int MostRows = 4_000_000; // of a row group
    private static readonly string[][] s_columns = [["url"], ["text", "caption"], ["license", "licence"], ["sha256"]];

    /// <summary>Whether a file begins as Parquet files do, whatever its name.</summary>
    public static bool Is(string path)
    {
        if (!File.Exists(path))
        {
            return false;
        }

        using FileStream file = Open(path);
        Span<byte> first = stackalloc byte[4];
        return file.ReadAtLeast(first, 4, throwOnEndOfStream: false) == 4 && first.SequenceEqual(ParquetPages.Magic);
    }

    /// <summary>The rows of a file, in order.</summary>
    /// <exception cref="TrainingDataException">The file is damaged, or larger in some way than is read; the message names file, row group and column.</exception>
    public static async IAsyncEnumerable<AddressRow> ReadAsync(string path, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        string name = Path.GetFileName(path);
        await using FileStream file = Open(path);
        ParquetReader reader = await GuardAsync(name, async () =>
        {
            ParquetPages.RequireFooter(file);
            return await ParquetReader.CreateAsync(file, new ParquetOptions { TreatByteArrayAsString = true }, leaveStreamOpen: true, cancellationToken).ConfigureAwait(false);
        }, cancellationToken).ConfigureAwait(false);
        await using (reader.ConfigureAwait(false))
        {
            DataField?[] fields = await GuardAsync(name, () => Task.FromResult(Find(reader.Schema)), cancellationToken).ConfigureAwait(false);
            for (int group = 0; group < reader.RowGroupCount; group++)
            {
                string?[]?[] columns = await ReadGroupAsync(reader, group, fields, file, $"{name}, row group {group}", cancellationToken).ConfigureAwait(false);
                for (int row = 0; row < columns[0]!.Length; row++)
                {
                    yield return new AddressRow { Url = columns[0]![row], Text = columns[1]?[row], License = columns[2]?[row], Sha256 = columns[3]?[row] };
                }
            }
        }
    }

    private static async Task<string?[]?[]> ReadGroupAsync(ParquetReader reader, int group, DataField?[] fields, FileStream file, string where, CancellationToken cancellationToken)
    {
        using ParquetRowGroupReader rows = await GuardAsync(where, () => Task.FromResult(reader.OpenRowGroupReader(group)), cancellationToken).ConfigureAwait(false);
        if (rows.RowCount is < 0 or > MostRows)
        {
            throw new TrainingDataException($"{where}: it has {rows.RowCount} rows; at most {MostRows} are held at once. Write the list with smaller row groups.");
        }

        long left = MostGroupBytes;
        string?[]?[] columns = new string?[]?[fields.Length];
        for (int i = 0; i < fields.Length; i++)
        {
            if (fields[i] is { } field)
            {
                columns[i] = await GuardAsync($"{where}, column '{field.Name}'", async () =>
                {
                    ColumnMetaData chunk = rows.GetMetadata(field) is { FilePath: null, MetaData: { } meta } ? meta : throw new FormatException("it is not in the file");
                    left -= ParquetPages.Require(file, chunk, rows.RowCount, left);
                    string?[] values = new string?[rows.RowCount];
                    await rows.ReadAsync(field, values.AsMemory(), null, cancellationToken).ConfigureAwait(false);
                    return values;
                }, cancellationToken).ConfigureAwait(false);
            }
        }

        return columns;
    }

    /// <summary>The wanted columns by their names, in any case; the first is there.</summary>
    private static DataField?[] Find(ParquetSchema schema)
    {
        DataField[] flat = [.. schema.Fields.OfType<DataField>().Where(field => !field.IsArray)];
        DataField?[] found = [.. s_columns.Select(names => flat.FirstOrDefault(field => names.Contains(field.Name.Trim(), StringComparer.OrdinalIgnoreCase) && (field.ClrType == typeof(ReadOnlyMemory<char>) || field.ClrType == typeof(string))))];
        return found[0] is not null ? found
            : throw new FormatException($"there is no column 'url' of texts, but {string.Join(", ", schema.Fields.Take(50).Select(field => field.Name))}");
    }

    private static FileStream Open(string path)
    {
        try
        {
            return RegularFile.Open(path, MostFileBytes);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new TrainingDataException($"{Path.GetFileName(path)} cannot be read: {error.Message}", error);
        }
    }

    /// <summary>What the library throws at bent bytes is of every kind.</summary>
    private static async Task<T> GuardAsync<T>(string where, Func<Task<T>> read, CancellationToken cancellationToken)
    {
        try
        {
            return await read().ConfigureAwait(false);
        }
        catch (Exception error) when (error is not TrainingDataException && !cancellationToken.IsCancellationRequested)
        {
            throw new TrainingDataException($"{where}: {(error is FormatException ? error.Message : $"it is damaged, or of a form that is not read ({error.GetType().Name})")}.", error);
        }
    }
}
