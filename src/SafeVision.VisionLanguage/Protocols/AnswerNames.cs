using SafeVision.Inference;
using SafeVision.Policies;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>The names by which a model is to call a policy's categories.</summary>
internal static class AnswerNames
{
    /// <summary>
    /// Each category's name; where another category has the same, or it is the word for a harmless image, its id stands behind
    /// it. So a name doesn't depend on the order of the policy.
    /// </summary>
    /// <param name="policy">The policy.</param>
    /// <param name="safe">The word for a harmless image.</param>
    /// <param name="model">The model's name, for errors.</param>
    /// <exception cref="ModelLoadException">Two categories would still have the same name.</exception>
    public static string[] For(SafetyPolicy policy, string safe, string model)
    {
        Dictionary<string, int> uses = new(StringComparer.OrdinalIgnoreCase) { [safe] = 2 };
        foreach (SafetyCategory category in policy.Categories)
        {
            uses[category.Name] = uses.GetValueOrDefault(category.Name) + 1;
        }

        string[] names = [.. policy.Categories.Select(category => uses[category.Name] == 1 ? category.Name : $"{category.Name} ({category.Id})")];
        var taken = new HashSet<string>(StringComparer.OrdinalIgnoreCase) { safe };
        string? twice = names.FirstOrDefault(name => !taken.Add(name));
        return twice is null ? names : throw new ModelLoadException(
            $"{model}: two categories of the policy '{policy.Name}' would both be called '{twice}', so the model can't tell them apart. Give one of them another name.");
    }
}
