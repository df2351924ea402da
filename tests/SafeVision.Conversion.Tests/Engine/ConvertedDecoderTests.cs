using SafeVision.VisionLanguage.Tests.Generation;

namespace SafeVision.Conversion.Tests.Engine;

/// <summary>On graphs that were made here: GroupQueryAttention appends in place, several sequences take a step in one run.</summary>
public sealed class ConvertedDecoderTests(ConvertedDecoderTests.Models models) : DecoderGoldens, IClassFixture<ConvertedDecoderTests.Models>
{
    protected override string Folder(string model) => models[model];

    /// <summary>The two models, converted once.</summary>
    public sealed class Models : IAsyncLifetime
    {
        private readonly TemporaryFolder _folder = new();

        public string this[string model] => _folder.PathOf(model);

        public async ValueTask InitializeAsync()
        {
            foreach (string model in new[] { "llama", "qwen2" })
            {
                await ModelConverter.ConvertAsync(new ConversionOptions
                {
                    Source = Path.Combine(AppContext.BaseDirectory, "Fixtures", "vlm", $"internvl-{model}-hf"),
                    Destination = this[model],
                });
            }
        }

        public ValueTask DisposeAsync()
        {
            _folder.Dispose();
            return ValueTask.CompletedTask;
        }
    }
}
