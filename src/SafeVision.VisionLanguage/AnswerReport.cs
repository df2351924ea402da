using System.Globalization;
using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;

namespace SafeVision.VisionLanguage;

/// <summary>A model's answer in the terms of the policy: one assessment for each category.</summary>
internal sealed class AnswerReport(SafetyPolicy policy, IReadOnlyList<CategoryCoverage> coverage, GuardAnswer answer, int highest, HeatMap? map)
{
    private const int LongestReason = 1000;

    private readonly string? _words = Clean(answer.Reason) is { Length: > 0 } reason ? reason : null;

    public CategoryAssessment[] Assessments()
    {
        if (answer.Categories.Count != policy.Categories.Count)
        {
            throw new InvalidOperationException($"The protocol answered {answer.Categories.Count} categories of {policy.Categories.Count}.");
        }

        var assessments = new CategoryAssessment[policy.Categories.Count];
        for (int i = 0; i < assessments.Length; i++)
        {
            string id = policy.Categories[i].Id;
            assessments[i] = answer.Categories[i] is { } category
                ? CategoryAssessment.Assessed(id, category.Score, coverage[i].Level, Reason(i, category), EvidenceFor(i, category))
                : CategoryAssessment.NotAssessed(id, "The model's protocol has no way to be asked about this category.");
        }

        return assessments;
    }

    private string Reason(int index, CategoryAnswer category)
    {
        string share = $"The model gives it {Percent(category.Probability)}{(answer.Safe is { } safe ? $" and 'nothing forbidden' {Percent(safe)}" : "")}";
        string where = map is not null && index == highest ? $", mostly for {map.Where()}" : "";
        return WordsFor(index) is { } words ? $"{share}{where}: \"{words}\"" : $"{share}{where}.";
    }

    private Evidence EvidenceFor(int index, CategoryAnswer category) => new()
    {
        Probability = category.Probability,
        Margin = category.Probability - NextProbability(index, category),
        Words = WordsFor(index),
        HeatMap = index == highest ? map : null,
        Boxes = index == highest && map is not null ? [map.Box()] : [],
    };

    private string? WordsFor(int index) => index == answer.Primary ? _words : null;

    /// <summary>The likeliest of the other answers; where each category was a question of its own, that it does not apply.</summary>
    private double NextProbability(int index, CategoryAnswer category)
    {
        if (answer.Safe is not { } next)
        {
            return 1 - category.Probability;
        }

        for (int i = 0; i < answer.Categories.Count; i++)
        {
            next = i != index && answer.Categories[i] is { } other ? Math.Max(next, other.Probability) : next;
        }

        return next;
    }

    /// <summary>A model writes what it likes; what reaches a log or a page is one line without control characters.</summary>
    private static string? Clean(string? reason)
    {
        if (reason is null)
        {
            return null;
        }

        string line = string.Join(' ', string.Concat(reason.Select(c => char.IsControl(c) || char.GetUnicodeCategory(c) == UnicodeCategory.Format ? ' ' : c))
            .Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return line.Length <= LongestReason ? line : line[..(char.IsHighSurrogate(line[LongestReason - 1]) ? LongestReason - 1 : LongestReason)];
    }

    private static string Percent(double share) => string.Create(CultureInfo.InvariantCulture, $"{100 * share:0.#} %");
}
