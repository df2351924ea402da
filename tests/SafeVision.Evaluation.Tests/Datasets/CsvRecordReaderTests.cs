using CsCheck;
using SafeVision.Evaluation.Datasets;

namespace SafeVision.Evaluation.Tests.Datasets;

public sealed class CsvRecordReaderTests : IDisposable
{
    private readonly DatasetFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Fields_written_by_the_rules_are_read_back()
    {
        Gen<string> field = Gen.Char["ab,\"\n ü"].Array[0, 8].Select(characters => new string(characters));
        Gen.Select(field.Array[1, 5].Array[1, 5], Gen.Int[0, 2].Select(i => ((string[])["\n", "\r\n", "\r"])[i]), Gen.Bool).Sample(
            (records, end, last) =>
            {
                string text = string.Join(end, records.Select(fields => string.Join(',', fields.Select(Quote)))) + (last ? end : "");
                Assert.Equal(records, Read(text));
            },
            iter: 300,
            threads: 1);
    }

    [Fact]
    public void A_broken_record_says_where_it_begins_and_the_next_one_is_read()
    {
        using DatasetText text = DatasetText.Open(_folder.Write("t.csv", "a,b\n\"x\ny\"z,1\nc\"d,2\n\ne,f"), new DatasetReadOptions());
        var reader = new CsvRecordReader(text, 100);
        List<(string, string?)> seen = [];
        while (reader.Read())
        {
            seen.Add((reader.Where, reader.Error?[..10]));
        }

        Assert.Equal([("t.csv:1", null), ("t.csv:2", "it has tex"), ("t.csv:4", "it has a q"), ("t.csv:6", null)], seen);
    }

    private List<string[]> Read(string text)
    {
        using DatasetText file = DatasetText.Open(_folder.Write("t.csv", text), new DatasetReadOptions());
        var reader = new CsvRecordReader(file, 1000);
        List<string[]> records = [];
        while (reader.Read())
        {
            Assert.Null(reader.Error);
            records.Add([.. reader.Fields]);
        }

        return records;
    }

    // Always in quotes, so that a record of one empty field is not a blank line.
    private static string Quote(string field) => $"\"{field.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
