using SafeVision.Inference;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Inference;

public sealed class OnnxRuntimeSupportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public async Task An_opset_that_is_too_new_is_refused_with_the_newest_that_is_not() =>
        Assert.Matches(@"Export it again with opset 2\d or less where it uses opset 99 of ai\.onnx", await RefusalAsync(Graph("", "Relu").ToArray(opset: 99)));

    [Fact]
    public async Task A_format_that_is_too_new_is_refused_with_the_newest_that_is_not() =>
        Assert.Matches(@"Export it again with IR version 1\d or less", await RefusalAsync(Graph("", "Relu").ToArray(irVersion: 99)));

    [Theory]
    [InlineData("com.example", "Nothing")]
    [InlineData("com.microsoft", "Nothing")]
    [InlineData("", "Nothing")]
    [InlineData("", "Gelu")] // since opset 20
    public async Task An_operator_that_is_not_there_is_named(string domain, string name)
    {
        string message = await RefusalAsync(Graph(domain, name).ToArray(domain: domain.Length == 0 ? null : domain));
        Assert.Contains(name, message, StringComparison.Ordinal);
        Assert.EndsWith("Export it again without that operator, or with operator sets that have it, or reference a newer ONNX Runtime.", message, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_wrong_with_a_file_otherwise_gets_no_advice() => Assert.Empty(OnnxRuntimeSupport.Advice("[ErrorCode:InvalidProtobuf] Protobuf parsing failed."));

    private static OnnxBytes Graph(string domain, string name) =>
        new OnnxBytes().Input("x", OnnxBytes.Float, 1).Node(domain, name, ["x"], ["y"]).Output("y", OnnxBytes.Float, 1);

    private async Task<string> RefusalAsync(byte[] model)
    {
        using var sessions = new SessionCache();
        OnnxFile file = OnnxFile.Open(_folder.Write("model.onnx", model));
        return (await Assert.ThrowsAsync<ModelLoadException>(() => sessions.GetAsync(file, "model", new ExecutionOptions(), TestContext.Current.CancellationToken))).Message;
    }

    public void Dispose() => _folder.Dispose();
}
