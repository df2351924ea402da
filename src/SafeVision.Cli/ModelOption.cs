namespace SafeVision.Cli;

/// <summary><c>--model DIR</c> and the options that say how that vision-language model is asked.</summary>
internal sealed class ModelOption
{
    private readonly Option<string?> _folder = new("--model") { Description = "A vision-language model, which then judges instead of the default models: its folder, or the name of one that 'safevision models pull' fetched." };
    private readonly Option<string> _mode = new("--mode") { Description = "fast: the model names the category; comprehension: it gives a reason too.", DefaultValueFactory = _ => "comprehension" };
    private readonly Option<string?> _protocol = new("--protocol") { Description = "What the model was trained to be asked: safevision, instruct, llavaguard, qwenguard, shieldgemma, llamaguard, singguard, policyshiftguard, shieldstral, nemotron, safeguard or guardreasoner. Without it: what the model's folder says." };
    private readonly Option<string?> _precision = new("--precision") { Description = "Which of the folder's files to run, by their suffix: q4, fp16, ... Without it: the best for the provider." };
    private readonly Option<int?> _tiles = NumberOption.Create("--max-tiles", "The most tiles that an image is cut into, 1 to 64; fewer are faster and see less detail.", most: 64);
    private readonly Option<bool> _looksOnce = new("--look-once") { Description = "Look at an image in one tile first, and in all of them only where that leaves it open: faster, and may overlook what is small." };
    private readonly Option<bool> _withDefaults = new("--with-default-models") { Description = "The default models judge first; the model is asked only about what they don't cover or are unsure of." };

    public ModelOption() => _mode.AcceptOnlyFromAmong("fast", "comprehension");

    /// <summary>The options, in the order in which the help lists them.</summary>
    private Option[] All => [_folder, _mode, _protocol, _precision, _tiles, _looksOnce, _withDefaults];

    public void AddTo(Command command)
    {
        foreach (Option option in All)
        {
            command.Options.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(_folder) is null && All.FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } option)
            {
                result.AddError($"{option.Name} says how a vision-language model is asked, so it needs --model.");
            }
        });
    }

    /// <summary>The model that the command line names; null where it names none.</summary>
    public ModelChoice? Read(ParseResult parsed) => parsed.GetValue(_folder) is { } folder
        ? new ModelChoice(
            folder, Enum.Parse<VisionLanguageMode>(parsed.GetValue(_mode)!, ignoreCase: true), parsed.GetValue(_protocol),
            parsed.GetValue(_precision), parsed.GetValue(_tiles), parsed.GetValue(_withDefaults), parsed.GetValue(_looksOnce))
        : null;
}

/// <summary>The vision-language model that a command line names, and how it is asked.</summary>
internal sealed record ModelChoice(string Folder, VisionLanguageMode Mode, string? Protocol, string? Precision, int? MaximumTiles, bool WithDefaultModels, bool LooksOnce = false)
{
    private const int HeatMapCells = 3; // nine more looks at an image, which is as long as anyone waits

    /// <summary>Adds the models that judge: the default ones, unless <paramref name="choice"/> names another.</summary>
    /// <param name="choice">The model; null: the default models.</param>
    /// <param name="heatMaps">Whether to find out where in the image the score comes from.</param>
    public static ImageGuardrailBuilder Apply(ImageGuardrailBuilder builder, ModelChoice? choice, bool heatMaps = false)
    {
        if (choice is null || choice.WithDefaultModels)
        {
            builder.UseDefaultModels();
        }

        return choice is null ? builder : builder.UseVisionLanguageModel(PulledModel.Folder(choice.Folder), options =>
        {
            options.Mode = choice.Mode;
            options.Protocol = choice.Protocol;
            options.Precision = choice.Precision;
            options.MaximumTiles = choice.MaximumTiles;
            options.LooksOnceFirst = choice.LooksOnce;
            options.OcclusionCells = heatMaps ? HeatMapCells : null;
        });
    }
}

/// <summary>The guardrail of commands that measure: <c>evaluate</c>, <c>tune</c> and <c>policy test</c>.</summary>
internal static class MeasuringGuardrail
{
    private static readonly TimeSpan s_timeout = TimeSpan.FromMinutes(10); // a busy machine must not change a number or fail a case

    public static IImageGuardrail Create(SafetyPolicy policy, ModelChoice? model, string provider) => ImageGuardrail.Create(builder =>
        ProviderOption.Apply(ModelChoice.Apply(builder.UsePolicy(policy).WithTimeout(s_timeout), model), provider));
}
