using Parquet;
using Parquet.Schema;
using SafeVision.Training.Data;
using SafeVision.Training.Data.Sources;

namespace SafeVision.Training.Tests.Data;

public sealed class ParquetAddressesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<CompressionMethod, bool> Forms { get; } = new(
        from method in (CompressionMethod[])[CompressionMethod.None, CompressionMethod.Snappy, CompressionMethod.Gzip, CompressionMethod.Zstd] from repeats in (bool[])[false, true] select (method, repeats));

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_list_is_read_row_group_by_row_group_in_every_form_that_is_allowed(CompressionMethod method, bool repeats)
    {
        AddressRow[] rows = Rows(2_000, repeats);
        string path = await WriteAsync(rows, method, groups: 3);

        AddressRow[] read = await ParquetAddresses.ReadAsync(path, Stop).ToArrayAsync(Stop);

        Assert.True(ParquetAddresses.Is(path));
        Assert.Equal(rows, read);
    }

    [Fact]
    public async Task Names_are_found_in_any_case_and_a_list_without_addresses_says_what_it_has()
    {
        string path = await WriteAsync(Rows(3, false), CompressionMethod.Snappy, 1, ["Url", "Caption", "licence", "SHA256"]);
        Assert.Equal(Rows(3, false), await ParquetAddresses.ReadAsync(path, Stop).ToArrayAsync(Stop));

        string other = await WriteAsync(Rows(3, false), CompressionMethod.Snappy, 1, ["address", "caption", "licence", "sha256"]);
        Assert.Equal("list.parquet: there is no column 'url' of texts, but HEIGHT, address, caption, licence, sha256.", (await FailsAsync(other)).Message);
    }

    [Theory]
    [InlineData(CompressionMethod.Lz4Raw, "it is compressed by LZ4_RAW")]
    [InlineData(CompressionMethod.Brotli, "it is compressed by BROTLI")]
    public async Task What_is_not_read_says_how_to_write_it(CompressionMethod method, string why)
    {
        TrainingDataException error = await FailsAsync(await WriteAsync(Rows(50, false), method, 1));
        Assert.StartsWith($"list.parquet, row group 0, column 'URL': {why}. Write the list with Snappy", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(CompressionMethod.None)]
    [InlineData(CompressionMethod.Snappy)]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.Zstd)]
    public async Task A_cut_or_bent_file_is_an_error_of_its_own_kind_or_read_within_its_bounds(CompressionMethod method)
    {
        string path = await WriteAsync(Rows(300, false), method, 2);
        byte[] whole = await File.ReadAllBytesAsync(path, Stop);
        var random = new Random(15);
        for (int i = 0; i < 250; i++)
        {
            byte[] bent = [.. whole];
            if (i % 5 == 0)
            {
                bent = bent[..random.Next(whole.Length)];
            }
            else
            {
                // Half of them in the footer and the first page's header, where sizes stand.
                int at = (i % 4) switch { 0 => whole.Length - 8 + random.Next(4), 1 => whole.Length - 9 - random.Next(400), 2 => 4 + random.Next(40), _ => random.Next(whole.Length) };
                bent[at] = (byte)random.Next(256);
            }

            await File.WriteAllBytesAsync(path, bent, Stop);
            long before = GC.GetTotalAllocatedBytes();
            try
            {
                await foreach (AddressRow row in ParquetAddresses.ReadAsync(path, Stop).WithCancellation(Stop))
                {
                    Assert.NotNull(row);
                }
            }
            catch (TrainingDataException error)
            {
                Assert.StartsWith("list.parquet", error.Message, StringComparison.Ordinal);
            }

            Assert.InRange(GC.GetTotalAllocatedBytes() - before, 0, 64 << 20);
        }
    }

    [Theory]
    [InlineData(CompressionMethod.Gzip)]
    [InlineData(CompressionMethod.Zstd)]
    [InlineData(CompressionMethod.Snappy)]
    public async Task A_page_that_unpacks_to_more_than_it_says_is_refused_before_it_is_unpacked(CompressionMethod method)
    {
        // The same page under a header that says another size: a number of several bytes, behind the page's kind.
        string path = await WriteAsync([.. Rows(1_000, false).Select((row, i) => row with { Url = $"{i:d6}{new string('a', 5_000)}" })], method, 1);
        byte[] bytes = await File.ReadAllBytesAsync(path, Stop);
        await using (ParquetReader reader = await ParquetReader.CreateAsync(new MemoryStream(bytes), cancellationToken: Stop))
        {
            using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
            bytes[(int)group.GetMetadata((DataField)reader.Schema.Fields[1])!.MetaData!.DataPageOffset + 4] ^= 0x20;
        }

        await File.WriteAllBytesAsync(path, bytes, Stop);

        TrainingDataException error = await FailsAsync(path);

        Assert.Matches("^list.parquet, row group 0, column 'URL': a page is (not as large as it says|larger than its column has room for)\\.$", error.Message);
    }

    [Fact]
    public void A_footer_that_claims_more_than_it_has_is_refused()
    {
        foreach (byte[] evil in (byte[][])[[0x19, 0xFC, 0xFF, 0xFF, 0xFF, 0xFF, 0x07, 0], [0x18, 0xFF, 0xFF, 0xFF, 0x7F], [0x1B, 0xFF, 0xFF, 0x03, 0x55], [.. Enumerable.Repeat((byte)0x1C, 100)], [0x15], [0x1E, 1], []])
        {
            Assert.Throws<FormatException>(() => new ThriftScan(evil).Struct(null));
        }
    }

    [Fact]
    public async Task A_row_group_that_is_too_large_says_its_size_and_how_to_mend_it()
    {
        string path = Path.Combine(_folder.Path, "list.parquet");
        await using (FileStream file = File.Create(path))
        {
            var url = new DataField<string>("URL");
            await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema(url), file, new ParquetOptions { CompressionMethod = CompressionMethod.Snappy }, cancellationToken: Stop);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync(url, Enumerable.Repeat("http://example.org/a.png", 4_000_001).ToArray());
        }

        Assert.Equal("list.parquet, row group 0: it has 4000001 rows; at most 4000000 are held at once. Write the list with smaller row groups.", (await FailsAsync(path)).Message);
    }

    public void Dispose() => _folder.Dispose();

    private static AddressRow[] Rows(int count, bool repeats) => [.. Enumerable.Range(0, count).Select(i => new AddressRow
    {
        Url = $"http://example.org/{(repeats ? i % 7 : i)}.png",
        Text = i % 3 == 0 ? null : $"a cat, {(repeats ? i % 5 : i)} 猫",
        License = i % 2 == 0 ? "CC0" : "",
        Sha256 = i % 4 == 0 ? new string('a', 64) : null,
    })];

    private static async Task<TrainingDataException> FailsAsync(string path) =>
        await Assert.ThrowsAsync<TrainingDataException>(async () => await ParquetAddresses.ReadAsync(path, Stop).ToArrayAsync(Stop));

    private async Task<string> WriteAsync(AddressRow[] rows, CompressionMethod method, int groups, string[]? names = null)
    {
        string path = Path.Combine(_folder.Path, "list.parquet");
        await WriteAsync(path, rows, method, groups, names ?? ["URL", "TEXT", "LICENSE", "sha256"]);
        return path;
    }

    /// <summary>Writes a list as LAION publishes them.</summary>
    internal static async Task WriteAsync(string path, AddressRow[] rows, CompressionMethod method, int groups, string[] names)
    {
        DataField<int> height = new("HEIGHT");
        DataField[] texts = [.. names.Select(name => new DataField<string>(name))];
        await using FileStream file = File.Create(path);
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema([height, .. texts]), file, new ParquetOptions { CompressionMethod = method }, cancellationToken: Stop);
        foreach (AddressRow[] chunk in rows.Chunk((rows.Length + groups - 1) / groups))
        {
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            await group.WriteAsync<int>(height, chunk.Select((_, i) => i).ToArray(), null, null, Stop);
            foreach ((DataField field, Func<AddressRow, string?> value) in texts.Zip((Func<AddressRow, string?>[])[row => row.Url, row => row.Text, row => row.License, row => row.Sha256]))
            {
                await group.WriteAsync(field, chunk.Select(value).ToArray()!);
            }
        }
    }
}
