namespace SafeVision.VisionLanguage.Families;

/// <summary>SafeVision-Nano: an image of one size becomes the cells of a map, and only words that it learnt can be put to it.</summary>
internal sealed class Nano : VisionLanguageFamily
{
    private const string Mark = "<|image|>";
    private const int PixelsOfCell = 32;

    public override string Name => "nano";

    public override IReadOnlyList<string> ModelTypes { get; } = ["safevision_nano"];

    public override VisionSettings ReadVision(JsonValue config) => new CellSettings(config);

    internal override VisionLanguageProfile Read(ModelConfiguration configuration, TextTokenizer tokenizer, PreparationOptions options)
    {
        PreprocessorSettings settings = PreprocessorSettings.Read(configuration);
        int side = ReadVision(configuration.Config).ImageSize!.Value;
        var tiling = new InternVlTiling
        {
            Side = side,
            TokensOfSide = side / PixelsOfCell,
            MaximumTiles = 1,
            HasThumbnail = false,
            StartMark = "",
            ContextMark = Mark,
            EndMark = "",
        };
        if (configuration.Config["image_seq_length"].Integer(1, ImageBudget.MostTokens, tiling.TokensOfTile) != tiling.TokensOfTile)
        {
            throw configuration.Config["image_seq_length"].Wrong($"{tiling.TokensOfTile}");
        }

        var images = new InternVlPreparation(tiling, settings.Normalisation(), settings.Filter(ResampleFilter.Bicubic));
        return Profile(configuration, tokenizer, images, Mark, ["<|end|>"]) with { Words = ClosedVocabulary.Read(configuration, tokenizer) };
    }

    /// <summary>A tower of convolutions: it has no layers that attend.</summary>
    private sealed class CellSettings(JsonValue config) : VisionSettings(config)
    {
        public override int Layers => 0;

        public override int? ImageSize => Config["image_size"].Integer(32, ImageBudget.LongestTile);
    }
}
