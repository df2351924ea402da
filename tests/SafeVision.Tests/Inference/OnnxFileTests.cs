using System.Security.Cryptography;
using SafeVision.Inference;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Inference;

public sealed class OnnxFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task Weights_beside_the_file_are_loaded_and_hashed_with_it()
    {
        string path = _folder.Write("x.onnx", External("x.onnx_data"));
        _folder.Write("x.onnx_data", new byte[36]);
        OnnxFile file = OnnxFile.Open(path);
        using var sessions = new SessionCache();

        ModelSession session = await sessions.GetAsync(file.Image("x"), new ExecutionOptions());

        Assert.Equal(["input"], session.Session.InputNames);
        Assert.Same(session, await sessions.GetAsync(OnnxFile.Open(path).Image("x"), new ExecutionOptions()));
        Assert.Equal(Convert.ToHexStringLower(SHA256.HashData([.. File.ReadAllBytes(path), .. new byte[36]])), await file.HashAsync());
        Assert.Equal(new FileInfo(path).Length + 36, file.Bytes);
    }

    [Fact]
    public async Task Another_file_of_the_same_name_is_another_model_and_the_old_ones_hash_is_not_given()
    {
        string path = _folder.Write("x.onnx", External("x.onnx_data"));
        _folder.Write("x.onnx_data", new byte[36]);
        OnnxFile before = OnnxFile.Open(path);

        File.SetLastWriteTimeUtc(_folder.Write("x.onnx_data", new byte[36]), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.NotEqual(before.Image("x").Identity, OnnxFile.Open(path).Image("x").Identity);
        Assert.Contains("x.onnx_data", (await Assert.ThrowsAsync<ModelLoadException>(before.HashAsync)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("../x.onnx_data")]
    [InlineData("inner/x.onnx_data")]
    [InlineData("inner\\x.onnx_data")]
    [InlineData("/etc/hostname")]
    [InlineData("C:x.onnx_data")]
    [InlineData("..")]
    [InlineData("")]
    public void Weights_anywhere_else_are_refused(string location)
    {
        _folder.Write("inner/x.onnx_data", new byte[36]);
        _folder.Write("x.onnx_data", new byte[36]);
        string path = _folder.Write("inner/x.onnx", External(location));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "inner/inner"));
        _folder.Write("inner/inner/x.onnx_data", new byte[36]);

        string message = Refusal(path);
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains($"'{location}'", message, StringComparison.Ordinal);
    }

    [Fact]
    public void Weights_that_are_missing_or_cut_short_are_named()
    {
        string path = _folder.Write("x.onnx", External("x.onnx_data", offset: "64"));
        Assert.Contains("x.onnx_data: is missing; x.onnx keeps weights in it", Refusal(path), StringComparison.Ordinal);
        _folder.Write("x.onnx_data", new byte[99]);
        Assert.Contains("x.onnx_data: has 99 bytes, but x.onnx needs 100", Refusal(path), StringComparison.Ordinal);
        _folder.Write("x.onnx_data", new byte[100]);
        Assert.NotNull(OnnxFile.Open(path));
        File.Delete(Path.Combine(_folder.Path, "x.onnx_data"));
        Directory.CreateDirectory(Path.Combine(_folder.Path, "x.onnx_data"));
        Assert.Contains("x.onnx_data: is missing", Refusal(path), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_cache_that_links_every_file_to_a_store_of_its_own_is_opened()
    {
        _folder.Write("blobs/1111", External("x.onnx_data"));
        _folder.Write("blobs/2222", new byte[36]);
        string model = Link("snapshot/x.onnx", "blobs/1111");
        Link("snapshot/x.onnx_data", "blobs/2222");
        using var sessions = new SessionCache();

        // ONNX Runtime looks for the weights beside the link.
        Assert.NotNull(await sessions.GetAsync(OnnxFile.Open(model).Image("x"), new ExecutionOptions()));
    }

    [Fact]
    public void A_link_out_of_the_models_folder_is_refused()
    {
        _folder.Write("elsewhere/secret", new byte[36]);
        string model = _folder.Write("model/x.onnx", External("x.onnx_data"));
        Link("model/x.onnx_data", "elsewhere/secret");

        Assert.Contains("x.onnx_data: is a link to", Refusal(model), StringComparison.Ordinal);
    }

    [Fact]
    public void A_link_to_nothing_or_to_itself_is_refused()
    {
        string model = _folder.Write("x.onnx", External("x.onnx_data"));
        string link = Link("x.onnx_data", "nothing");
        Assert.Contains("x.onnx_data", Refusal(model), StringComparison.Ordinal);
        File.Delete(link);
        Link("x.onnx_data", "x.onnx_data");
        Assert.Contains("x.onnx_data", Refusal(model), StringComparison.Ordinal);
    }

    private string Link(string name, string target)
    {
        string path = Path.Combine(_folder.Path, name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.CreateSymbolicLink(path, Path.Combine(_folder.Path, target));
        return path;
    }

    private static string Refusal(string path) => Assert.Throws<ModelLoadException>(() => OnnxFile.Open(path)).Message;

    private static byte[] External(string location, string? offset = null) =>
        TinyModel.Graph(head: graph => graph.ExternalWeights("head", [3, 3], location, offset)).ToArray();

    public void Dispose() => _folder.Dispose();
}
