using Microsoft.Extensions.Logging;
using SafeVision.Files;
using SafeVision.Policies;
using SafeVision.Tests.Fakes;

namespace SafeVision.Tests.Files;

public sealed class PublicMessageTests
{
    [Theory]
    [InlineData("Access to the path '/srv/up loads/a b.jpg' is denied.", "Access to the path 'a b.jpg' is denied.")]
    [InlineData("Could not find file \"C:\\data\\x.onnx\".", "Could not find file \"x.onnx\".")]
    [InlineData("/srv/models/lite: 'model.onnx' is missing", "lite: 'model.onnx' is missing")]
    [InlineData("Load model from /srv/m/model.onnx failed:/tmp/w_data not there", "Load model from model.onnx failed:w_data not there")]
    [InlineData(@"\\server\share\a.png and D:/b/c.png, (/d/e.png)", "a.png and c.png, (e.png)")]
    [InlineData("/etc/policies/shop.yaml:7:5: unknown key 'a/b'", "shop.yaml:7:5: unknown key 'a/b'")]
    [InlineData("1/2 and/or 3 / 4, application/json, https://example.org/a", "1/2 and/or 3 / 4, application/json, https://example.org/a")]
    public void Paths_are_cut_to_the_name_of_the_file(string message, string shown) => Assert.Equal(shown, PublicMessage.Of(message));

    [Fact]
    public async Task Neither_failure_nor_explanation_says_where_the_server_keeps_its_files()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(SafetyPolicy.Starter)
            .UseEngine(_ => ScriptedEngine.Scoring(_ => throw new IOException("Access to the path '/srv/secret/model.onnx' is denied."))));

        GuardrailResult result = await guardrail.CheckAsync(Pictures.Gray(), TestContext.Current.CancellationToken);

        Assert.Equal("IOException: Access to the path 'model.onnx' is denied.", result.Failure!.Message);
        Assert.DoesNotContain("secret", result.Explanation, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no image")]
    [InlineData(null)]
    public async Task The_log_names_a_rejected_image_with_its_whole_path_and_the_reason_and_none_of_its_bytes(string? content)
    {
        using var log = new RecordingLogger();
        string path = Path.Combine(Directory.CreateTempSubdirectory("safevision-log-").FullName, "upload.png");
        if (content is not null)
        {
            await File.WriteAllTextAsync(path, content, TestContext.Current.CancellationToken);
        }

        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => builder
            .UsePolicy(SafetyPolicy.Starter).UseLoggerFactory(log).UseEngine(_ => ScriptedEngine.Scoring(_ => 0)));

        GuardrailResult result = await guardrail.CheckAsync(ImageSource.FromFile(path), TestContext.Current.CancellationToken);

        (LogLevel level, string message) = Assert.Single(log.Entries);
        Assert.Equal(LogLevel.Warning, level);
        Assert.Contains(path, message, StringComparison.Ordinal);
        Assert.Contains($"{result.Failure!.Reason}", message, StringComparison.Ordinal);
        Assert.DoesNotContain("no image", message.Replace("in no image format", "", StringComparison.Ordinal), StringComparison.Ordinal);
        Assert.DoesNotContain(Path.GetDirectoryName(path)!, $"{result.Failure.Message} {result.Explanation}", StringComparison.Ordinal);
        Directory.Delete(Path.GetDirectoryName(path)!, recursive: true);
    }
}
