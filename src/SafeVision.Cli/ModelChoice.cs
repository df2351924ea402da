using SafeVision.VisionLanguage;

namespace SafeVision.Cli;

/// <summary>The vision-language model that a command line names, and how it is asked.</summary>
internal sealed record ModelChoice(string Folder, VisionLanguageMode Mode, string? Protocol, string? Precision, int? MaximumTiles, bool WithDefaultModels)
{
    private const int HeatMapCells = 3; // nine more looks at a picture, which is as long as anyone waits

    /// <summary>Adds the models that judge: the default ones, unless <paramref name="choice"/> names another.</summary>
    /// <param name="builder">What they are added to.</param>
    /// <param name="choice">The model; null: the default models.</param>
    /// <param name="heatMaps">Whether to find out where in the picture the score comes from.</param>
    public static ImageGuardrailBuilder Apply(ImageGuardrailBuilder builder, ModelChoice? choice, bool heatMaps = false)
    {
        if (choice is null || choice.WithDefaultModels)
        {
            builder.UseDefaultModels();
        }

        return choice is null ? builder : builder.UseVisionLanguageModel(choice.Folder, options =>
        {
            options.Mode = choice.Mode;
            options.Protocol = choice.Protocol;
            options.Precision = choice.Precision;
            options.MaximumTiles = choice.MaximumTiles;
            options.OcclusionCells = heatMaps ? HeatMapCells : null;
        });
    }
}
