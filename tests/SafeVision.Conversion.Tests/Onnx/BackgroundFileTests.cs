using System.Security.Cryptography;
using CsCheck;
using SafeVision.Conversion.Onnx;

namespace SafeVision.Conversion.Tests.Onnx;

public sealed class BackgroundFileTests
{
    [Fact]
    public void What_is_written_in_pieces_of_any_size_arrives_whole_with_its_hash()
    {
        using var folder = new TemporaryFolder();
        string path = folder.PathOf("weights");
        Gen.Int[0, 9_000_000].Array[0, 6].Sample(
            sizes =>
            {
                byte[] all = new byte[sizes.Sum()];
                new Random(sizes.Length).NextBytes(all);
                string hash;
                using (var file = new BackgroundFile(path))
                {
                    int start = 0;
                    foreach (int size in sizes)
                    {
                        file.Write(all.AsSpan(start, size));
                        start += size;
                    }

                    Assert.Equal(all.Length, file.Position);
                    hash = file.Finish();
                }

                Assert.Equal(Convert.ToHexStringLower(SHA256.HashData(all)), hash);
                Assert.True(all.AsSpan().SequenceEqual(File.ReadAllBytes(path)));
            },
            iter: 20, threads: 1);
    }

    [Fact]
    public void A_file_that_is_given_up_ends_its_thread()
    {
        using var folder = new TemporaryFolder();
        using (var file = new BackgroundFile(folder.PathOf("weights")))
        {
            file.Write(new byte[10_000_000]);
        }

        File.Delete(folder.PathOf("weights"));
    }

    [Fact]
    public void A_disk_that_takes_no_more_is_told_to_the_writer()
    {
        if (!File.Exists("/dev/full"))
        {
            Assert.Skip("This system has no device that is always full.");
        }

        using var file = new BackgroundFile("/dev/full");
        Assert.Throws<IOException>(() =>
        {
            file.Write(new byte[64 << 20]);
            file.Finish();
        });
    }
}
