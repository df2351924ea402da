using System.Buffers.Binary;
using CsCheck;
using SafeVision.Conversion.Checkpoints;

namespace SafeVision.Conversion.Tests.Checkpoints;

public sealed class SafetensorsTests
{
    [Theory]
    [InlineData("F64", "000000000000F83F", 1.5)]
    [InlineData("F32", "0000C0BF", -1.5)]
    [InlineData("F16", "003E", 1.5)]
    [InlineData("BF16", "C03F", 1.5)]
    [InlineData("I64", "FEFFFFFFFFFFFFFF", -2)]
    [InlineData("I32", "FEFFFFFF", -2)]
    [InlineData("I16", "FEFF", -2)]
    [InlineData("I8", "FE", -2)]
    [InlineData("U16", "FEFF", 65534)]
    [InlineData("U8", "FE", 254)]
    [InlineData("BOOL", "01", 1)]
    public void Every_type_is_read_by_its_value(string type, string bytes, double value)
    {
        byte[] data = Convert.FromHexString(bytes);
        using var folder = new TemporaryFolder();
        Write(folder, $$$"""{"__metadata__":{"format":"pt"},"x":{"dtype":"{{{type}}}","shape":[1],"data_offsets":[0,{{{data.Length}}}]}}""", data);
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.Root);
        Assert.Equal([value], checkpoint.Get("x", 1).ToDouble());
    }

    [Fact]
    public void Shards_are_read_as_one_checkpoint()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.PathOf("a.safetensors"), SafetensorsBytes.Create([("one", [2], [1f, 2f])]));
        File.WriteAllBytes(folder.PathOf("b.safetensors"), SafetensorsBytes.Create([("two", [1, 1], [3f])]));
        File.WriteAllText(folder.PathOf("model.safetensors.index.json"), """{"metadata":{},"weight_map":{"one":"a.safetensors","two":"b.safetensors"}}""");
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.Root);
        Assert.Equal([1.0, 2.0], checkpoint.Get("one", 2).ToDouble());
        Assert.Equal([3.0], checkpoint.Get("two", 1, 1).ToDouble());
        Assert.Equal(3, checkpoint.Paths.Count);
    }

    [Theory]
    [InlineData("""{"weight_map":{"one":"../a.safetensors"}}""", "file of the same folder")]
    [InlineData("""{"weight_map":{"one":7}}""", "file of the same folder")]
    [InlineData("""{"weight_map":{"three":"a.safetensors"}}""", "it is not")]
    [InlineData("""{"weight_map":{"one":"missing.safetensors"}}""", "is not there")]
    [InlineData("""{"weight_map":{"one":"a.safetensors","other":"copy.safetensors"}}""", "in another file")]
    [InlineData("""{"weights":{}}""", "weight_map")]
    [InlineData("not JSON", "index.json")]
    public void An_index_that_does_not_fit_its_shards_is_refused(string index, string message)
    {
        using var folder = new TemporaryFolder();
        byte[] shard = SafetensorsBytes.Create([("one", [1], [1f])]);
        File.WriteAllBytes(folder.PathOf("a.safetensors"), shard);
        File.WriteAllBytes(folder.PathOf("copy.safetensors"), shard);
        File.WriteAllText(folder.PathOf("model.safetensors.index.json"), index);
        Refuses(folder, message);
    }

    [Theory]
    [InlineData("""{"x":{"dtype":"F32","shape":[3],"data_offsets":[0,12]}}""", "ends before")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,8]}}""", "takes 4 bytes")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}}""", "data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[-8,0]}}""", "data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,9999999999999999999]}}""", "data_offsets")]
    [InlineData("""{"x":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}}""", "-2")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2147483647,2147483647,2147483647,2147483647],"data_offsets":[0,8]}}""", "2 GiB")]
    [InlineData("""{"x":{"dtype":"F32","shape":[0,2147483647,2147483647],"data_offsets":[0,8]}}""", "takes 0 bytes")]
    [InlineData("""{"x":{"dtype":"F8_E4M3","shape":[8],"data_offsets":[0,8]}}""", "F8_E4M3")]
    [InlineData("""{"x":{"shape":[8],"data_offsets":[0,8]}}""", "needs dtype")]
    [InlineData("""{"x":[]}""", "needs dtype")]
    [InlineData("""{"x":{"dtype":"U8","shape":[1,1,1,1,1,1,1,1,8],"data_offsets":[0,8]}}""", "dimensions")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "twice")]
    [InlineData("""{"x":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"y":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "overlap")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[4,8]}}""", "hole")]
    [InlineData("""{"x":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", "behind its last tensor")]
    [InlineData("""[]""", "not a JSON object")]
    [InlineData("""{"x":""", "not valid JSON")]
    [InlineData("""{"x":[[[[[[[[[[[[]]]]]]]]]]]]}""", "not valid JSON")]
    public void A_header_that_does_not_fit_the_file_is_refused(string header, string message)
    {
        using var folder = new TemporaryFolder();
        Write(folder, header, new byte[8]);
        Refuses(folder, message);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_file_too_short_for_a_header_is_refused(int length)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = new byte[length];
        bytes.AsSpan().Fill(1);
        File.WriteAllBytes(folder.PathOf(SafetensorsCheckpoint.FileName), bytes);
        Refuses(folder, "bytes");
    }

    [Theory]
    [InlineData(ulong.MaxValue)]
    [InlineData(long.MaxValue)]
    [InlineData(SafetensorsFile.LargestHeader + 1)]
    public void A_header_length_beyond_the_file_is_refused(ulong length)
    {
        using var folder = new TemporaryFolder();
        byte[] bytes = new byte[64];
        BinaryPrimitives.WriteUInt64LittleEndian(bytes, length);
        File.WriteAllBytes(folder.PathOf(SafetensorsCheckpoint.FileName), bytes);
        Refuses(folder, "damaged");
    }

    [Theory]
    [InlineData("pytorch_model.bin")]
    [InlineData("model.pth")]
    [InlineData("model.pt")]
    [InlineData("last.ckpt")]
    public void A_pickle_is_not_read_and_the_message_says_how_to_save_it(string name)
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.PathOf(name), [0x80, 2]);
        Refuses(folder, "save_file");
        Refuses(folder, name);
    }

    [Fact]
    public void A_missing_or_misshapen_tensor_is_named()
    {
        using var folder = new TemporaryFolder();
        File.WriteAllBytes(folder.PathOf(SafetensorsCheckpoint.FileName), SafetensorsBytes.Create([("one", [2], [1f, 2f])]));
        using SafetensorsCheckpoint checkpoint = SafetensorsCheckpoint.Open(folder.Root);
        Assert.Contains("'two'", Assert.Throws<CheckpointException>(() => checkpoint.Get("two", 2)).Message, StringComparison.Ordinal);
        Assert.Contains("[2]", Assert.Throws<CheckpointException>(() => checkpoint.Get("one", 3)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Damage_anywhere_is_refused_or_harmless()
    {
        byte[] sound = SafetensorsBytes.Create([("first", [2, 3], [1, 2, 3, 4, 5, 6]), ("second", [4], [7, 8, 9, 10])]);
        using var folder = new TemporaryFolder();
        string path = folder.PathOf(SafetensorsCheckpoint.FileName);
        Gen.Select(Gen.Int[0, sound.Length - 1], Gen.Byte, Gen.Int[0, sound.Length]).Array[1, 4].Sample(
            damage =>
            {
                byte[] bytes = [.. sound];
                foreach ((int at, byte value, _) in damage)
                {
                    bytes[at] = value;
                }

                File.WriteAllBytes(path, damage.Length % 2 == 0 ? bytes[..damage[0].Item3] : bytes);
                try
                {
                    using SafetensorsFile file = SafetensorsFile.Open(path);
                    Assert.All(file.Tensors.Values, tensor => Assert.Equal(tensor.Count, tensor.ToDouble().Length));
                }
                catch (CheckpointException exception)
                {
                    Assert.StartsWith(path, exception.Message, StringComparison.Ordinal);
                }
            },
            iter: 3000, threads: 1);
    }

    private static void Write(TemporaryFolder folder, string header, byte[] data) =>
        File.WriteAllBytes(folder.PathOf(SafetensorsCheckpoint.FileName), SafetensorsBytes.Create(header, data));

    private static void Refuses(TemporaryFolder folder, string message)
    {
        CheckpointException exception = Assert.Throws<CheckpointException>(() => SafetensorsCheckpoint.Open(folder.Root).Dispose());
        Assert.Contains(message, exception.Message, StringComparison.Ordinal);
    }
}
