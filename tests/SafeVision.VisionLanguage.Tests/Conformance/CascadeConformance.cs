using SafeVision.Tests.Engines.Conformance;
using SafeVision.Tests.Fakes;
using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.VisionLanguage.Tests.Conformance;

/// <summary>A classifier first, and a vision-language model for what it leaves open.</summary>
public sealed class CascadeConformance : LoadedEngineConformance
{
    private readonly TinyModel _classifier = new();

    protected override ImageGuardrailBuilder Use(ImageGuardrailBuilder builder) => builder
        .UseClassifier(_classifier.Folder)
        .UseVisionLanguageModel(GoldenText.Folder("llama"), options => options.Mode = VisionLanguageMode.Comprehension);

    [Fact]
    public async Task A_host_reads_what_the_part_that_asks_in_words_is_asked()
    {
        await using IImageGuardrail guardrail = ImageGuardrail.Create(builder => Use(builder.UsePolicy(Second)));
        Assert.Empty(guardrail.Status.Prompts);

        GuardrailStatus status = await guardrail.WarmUpAsync(TestContext.Current.CancellationToken);

        Assert.NotEmpty(status.Prompts);
        Assert.All(status.Prompts, prompt => Assert.Contains("kettles", prompt, StringComparison.Ordinal));
        Assert.Equal(status.Prompts, guardrail.Status.Prompts);
    }

    public override ValueTask DisposeAsync()
    {
        _classifier.Dispose();
        return base.DisposeAsync();
    }
}
