namespace SafeVision.VisionLanguage;

/// <summary>How a vision-language model is asked, and how much memory and time it may take.</summary>
public sealed class VisionLanguageEngineOptions
{
    /// <summary>Whether the model names the category alone or gives a reason too. Default: <see cref="VisionLanguageMode.Comprehension"/>.</summary>
    public VisionLanguageMode Mode { get; set; } = VisionLanguageMode.Comprehension;

    /// <summary>
    /// What the model was trained to be asked and to answer: <c>safevision</c>, <c>instruct</c>, <c>llavaguard</c>,
    /// <c>shieldgemma</c> or <c>llamaguard</c>. Null (the default): what the prompt file beside the model says; without one,
    /// <c>safevision</c> where the model has its category tokens and <c>instruct</c> otherwise.
    /// </summary>
    public string? Protocol { get; set; }

    /// <summary>
    /// The suffix of the model's files, such as <c>q4</c> or <c>fp16</c>, where a folder holds several precisions. Null (the
    /// default): the best for the execution provider.
    /// </summary>
    public string? Precision { get; set; }

    /// <summary>
    /// The most tiles that an image is cut into, 1 to 64; fewer are faster and see less detail. Null (the default): as many as
    /// the model was made for.
    /// </summary>
    public int? MaximumTiles { get; set; }

    /// <summary>
    /// The most tokens of a prompt and its answer, 256 to 1,048,576; decides the memory for keys and values. Null (the default):
    /// what the model was made for, at most 8192.
    /// </summary>
    public int? MaximumTokens { get; set; }

    /// <summary>How many prompts can be under way, and are remembered for reuse, at once, 1 to 64. Default: 4.</summary>
    public int Sequences { get; set; } = 4;

    /// <summary>
    /// Cells in each direction of the heat map that shows where the score comes from, 2 to 8; each cell is covered once and the
    /// model asked again, so a map of 3 x 3 takes nine times as long as the judgement. Null (the default): no heat map.
    /// </summary>
    public int? OcclusionCells { get; set; }

    internal VisionLanguageEngineOptions Validate()
    {
        Require(Enum.IsDefined(Mode), $"Mode {(int)Mode} is unknown");
        Require(MaximumTiles is null or (>= 1 and <= 64), $"MaximumTiles must be 1 to 64, but is {MaximumTiles}");
        Require(MaximumTokens is null or (>= 256 and <= 1 << 20), $"MaximumTokens must be 256 to 1048576, but is {MaximumTokens}");
        Require(Sequences is >= 1 and <= 64, $"Sequences must be 1 to 64, but is {Sequences}");
        Require(OcclusionCells is null or (>= 2 and <= 8), $"OcclusionCells must be 2 to 8, but is {OcclusionCells}");
        return (VisionLanguageEngineOptions)MemberwiseClone();
    }

    private static void Require(bool condition, string problem)
    {
        if (!condition)
        {
            throw new ArgumentException($"{problem}.");
        }
    }
}

/// <summary>How much a vision-language engine answers.</summary>
public enum VisionLanguageMode
{
    /// <summary>The category alone: one prefill, a probability for every category, no words.</summary>
    Fast = 0,

    /// <summary>The category, and for a harmful image the reason in the model's own words.</summary>
    Comprehension = 1,
}
