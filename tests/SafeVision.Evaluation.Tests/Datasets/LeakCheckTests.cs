using System.Runtime.Intrinsics;
using SafeVision.Evaluation.Datasets;
using SkiaSharp;

namespace SafeVision.Evaluation.Tests.Datasets;

public sealed class LeakCheckTests
{
    [Fact]
    public void Every_pair_within_the_distance_is_found_and_no_other()
    {
        // Random hashes, and copies of them with up to 45 bits flipped: some near enough, some not.
        var random = new Random(5);
        List<PdqHash> hashes = [];
        for (int i = 0; i < 400; i++)
        {
            byte[] bytes = new byte[32];
            random.NextBytes(bytes);
            hashes.Add(Of(bytes));
            for (int flip = random.Next(46); flip > 0; flip--)
            {
                int bit = random.Next(256);
                bytes[bit / 8] ^= (byte)(1 << (bit % 8));
            }

            hashes.Add(Of(bytes));
        }

        HashSet<(int, int, int)> expected = [], found = [];
        var index = new PdqIndex(hashes);
        for (int i = 0; i < hashes.Count; i++)
        {
            for (int j = i + 1; j < hashes.Count; j++)
            {
                if (hashes[i].Distance(hashes[j]) is var distance && distance <= PdqIndex.MaxDistance)
                {
                    expected.Add((i, j, distance));
                }
            }

            index.FindAfter(i, (j, distance) => Assert.True(found.Add((i, j, distance))));
        }

        Assert.Equal(expected, found);
        Assert.True(expected.Count > 200);
    }

    [Fact]
    public async Task A_photograph_saved_anew_in_another_split_is_reported()
    {
        using var folder = new DatasetFolder();
        byte[] cat = await File.ReadAllBytesAsync(Repository.Photo("chelsea.png"), TestContext.Current.CancellationToken);
        using SKBitmap decoded = SKBitmap.Decode(cat);
        using SKBitmap small = decoded.Resize(new SKImageInfo(225, 150), new SKSamplingOptions(SKFilterMode.Linear));
        using SKData saved = small.Encode(SKEncodedImageFormat.Jpeg, 60);
        folder.Write("train/safe/cat.png", cat);
        folder.Write("train/safe/coffee.png", await File.ReadAllBytesAsync(Repository.Photo("coffee.png"), TestContext.Current.CancellationToken));
        folder.Write("train/safe/again.png", cat);
        folder.Write("test/safe/small.jpg", saved.ToArray());
        folder.Write("test/safe/flower.jpg", await File.ReadAllBytesAsync(Repository.Photo("flower.jpg"), TestContext.Current.CancellationToken));
        folder.Write("test/safe/broken.jpg", [0xFF, 0xD8, 0xFF, 1, 2, 3]);
        EvaluationDataset dataset = DatasetReader.Read(folder.Path);

        LeakReport report = await LeakCheck.FindAsync(dataset, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((2, 4, 0, 1), (report.ProblemCount, report.Compared, report.ByBytesOnly, report.Unreadable));
        Assert.Equal(DatasetProblemKind.MissingImage, report.Problems[0].Kind);
        Assert.Equal(DatasetProblemKind.SharedBetweenSplits, report.Problems[1].Kind);
        Assert.Contains("small.jpg", report.Problems[1].Where + report.Problems[1].Message, StringComparison.Ordinal);

        LeakReport all = await LeakCheck.FindAsync(dataset, withinSplits: true, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal((3, 3), (all.ProblemCount, all.Problems.Count)); // and the same file twice in train
    }

    [Fact]
    public void Even_images_are_all_alike_and_are_compared_by_their_bytes()
    {
        EvaluationSample[] samples = [.. Enumerable.Range(0, 3).Select(i => new EvaluationSample { Id = $"{i}", Image = $"{i}.png", Split = i == 0 ? DatasetSplit.Train : DatasetSplit.Test })];
        ImageFingerprint?[] images = [new("a", default), new("b", default), new("a", default)];
        LeakReport report = LeakCheck.Compare(samples, images, withinSplits: false, CancellationToken.None);
        Assert.Equal("2", Assert.Single(report.Problems).Where);
        Assert.Equal((0, 2), (report.Compared, report.ByBytesOnly));
    }

    private static PdqHash Of(byte[] bytes) => new(Vector256.Create<byte>(bytes).AsUInt64());
}
