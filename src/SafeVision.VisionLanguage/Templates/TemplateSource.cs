using SafeVision.Inference;

namespace SafeVision.VisionLanguage.Templates;

/// <summary>Where a template stands: what errors name.</summary>
/// <param name="Name">The file, and within it the key.</param>
/// <param name="FirstLine">The line of the file in which the template begins; 1 where it has a text of its own.</param>
internal sealed record TemplateSource(string Name, int FirstLine = 1)
{
    private const int LongestMessage = 1000;

    /// <summary>An error in a line of the template, counted from 1.</summary>
    public ModelLoadException Wrong(int line, string message) =>
        new($"{Name}, line {line + FirstLine - 1}: {(message.Length <= LongestMessage ? message : $"{message.AsSpan(0, LongestMessage)}…")}.");
}
