using SafeVision.Inference;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Inference;

public sealed class OnnxRuntimeSupportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void What_onnx_runtime_knows_passes()
    {
        OnnxRuntimeSupport.Require(Model(new OnnxBytes()
            .Node("Relu", ["x"], "y").Node("If", ["c"], "z").Node("SimplifiedLayerNormalization", ["y"], "n")
            .Node("com.microsoft", "GroupQueryAttention", ["q"], ["o"]).ToArray(domain: "com.microsoft")));
        OnnxRuntimeSupport.Require(Model(new OnnxBytes()
            .Node("com.example", "Twice", ["x"], ["y"]).ToArray(domain: "com.example", function: ("com.example", "Twice"))));
    }

    [Fact]
    public void An_opset_that_is_too_new_is_named_with_the_newest_that_is_not()
    {
        string message = Refusal(new OnnxBytes().Node("Relu", ["x"], "y").ToArray(opset: 99));
        Assert.Contains("uses opset 99 of ai.onnx", message, StringComparison.Ordinal);
        Assert.Matches(@"Export it again with opset 2\d or less", message);
        Assert.Contains(OnnxRuntime.Version, message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_format_that_is_too_new_is_named()
    {
        string message = Refusal(new OnnxBytes().Node("Relu", ["x"], "y").ToArray(irVersion: 99));
        Assert.Contains("has IR version 99", message, StringComparison.Ordinal);
        Assert.Matches(@"IR version 1\d or less", message);
    }

    [Theory]
    [InlineData("com.example", "Nothing", "com.example:Nothing")]
    [InlineData("com.microsoft", "Nothing", "com.microsoft:Nothing")]
    [InlineData("", "Nothing", "ai.onnx:Nothing")]
    [InlineData("", "Gelu", "ai.onnx:Gelu")] // since opset 20
    public void An_operator_that_is_not_there_is_named(string domain, string name, string named)
    {
        Assert.Contains($"uses the operator {named}, which", Refusal(new OnnxBytes().Node(domain, name, ["x"], ["y"]).ToArray(domain: domain.Length == 0 ? null : domain)), StringComparison.Ordinal);
        Assert.Contains(named, Refusal(new OnnxBytes().Node("If", ["c"], "y", ("then_branch", new OnnxBytes().Node(domain, name, ["x"], ["y"]))).ToArray()), StringComparison.Ordinal);
    }

    private string Refusal(byte[] model) => Assert.Throws<ModelLoadException>(() => OnnxRuntimeSupport.Require(Model(model))).Message;

    private OnnxFile Model(byte[] bytes) => OnnxFile.Open(_folder.Write("model.onnx", bytes));

    public void Dispose() => _folder.Dispose();
}
