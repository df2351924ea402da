namespace SafeVision.Policies;

/// <summary>Writes a policy as YAML for people: block style, quotes only where YAML would misread the text.</summary>
internal static class PolicyYamlWriter
{
    public static string Write(SafetyPolicy policy)
    {
        StringBuilder yaml = new();
        Line(yaml, "policy", Text(policy.Name));
        Line(yaml, "version", Quoted(policy.Version));
        Line(yaml, "onFailure", PolicyValueReader.Word(policy.OnFailure));
        yaml.Append("defaults:\n");
        Line(yaml, "  whenNotAssessed", PolicyValueReader.Word(policy.WhenNotAssessed));
        yaml.Append("categories:\n");
        foreach (SafetyCategory category in policy.Categories)
        {
            Write(yaml, category);
        }

        return yaml.ToString();
    }

    private static void Write(StringBuilder yaml, SafetyCategory category)
    {
        SafetyCategory? basis = HarmCategory.TryParse(category.Id, out HarmCategory? builtIn) ? builtIn.Definition : null;
        Line(yaml, "  - id", Text(category.Id));
        if (category.Name != (basis?.Name ?? category.Id))
        {
            Line(yaml, "    name", Text(category.Name));
        }

        if (category.Protects != (basis?.Protects ?? ""))
        {
            Line(yaml, "    protects", Text(category.Protects));
        }

        if (!category.Includes.Equals(basis?.Includes))
        {
            List(yaml, "    includes", category.Includes);
        }

        if (!category.Excludes.Equals(basis?.Excludes ?? ValueList<string>.Empty))
        {
            List(yaml, "    excludes", category.Excludes);
        }

        Line(yaml, "    review", Number(category.ReviewAt));
        Line(yaml, "    block", Number(category.BlockAt));
        if (category.Severity is { } levels)
        {
            IEnumerable<string> stated = SeverityDraft.Keys.Zip([levels.Low, levels.Medium, levels.High], (name, level) => level is { } score ? $"{name}: {Number(score)}" : "");
            Line(yaml, "    severity", $"{{ {string.Join(", ", stated.Where(level => level.Length > 0))} }}");
        }

        if (category.WhenNotAssessed is Decision decision)
        {
            Line(yaml, "    whenNotAssessed", PolicyValueReader.Word(decision));
        }
    }

    private static void Line(StringBuilder yaml, string key, string value) => yaml.Append(key).Append(": ").Append(value).Append('\n');

    private static void List(StringBuilder yaml, string key, IReadOnlyList<string> phrases)
    {
        if (phrases.Count == 0)
        {
            Line(yaml, key, "[]");
            return;
        }

        yaml.Append(key).Append(":\n");
        foreach (string phrase in phrases)
        {
            yaml.Append("      - ").Append(Text(phrase)).Append('\n');
        }
    }

    // The shortest digits that read back to the same number.
    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private static string Text(string text) => IsPlain(text) ? text : Quoted(text);

    /// <summary>Whether the text may stand without quotes. Deliberately narrower than YAML: letters first, then nothing that is an
    /// indicator in any position, and no word that some YAML version takes for null or a boolean.</summary>
    private static bool IsPlain(string text) =>
        char.IsLetter(text[0])
        && text.All(character => char.IsLetterOrDigit(character) || " ,.()'/+_-".Contains(character, StringComparison.Ordinal))
        && !PolicyValueReader.IsTypedWord(text)
        && text.ToUpperInvariant() is not ("YES" or "NO" or "ON" or "OFF" or "Y" or "N");

    // A policy's text has no control characters and no line breaks, so two escapes are all it takes.
    private static string Quoted(string text) => $"\"{text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal)}\"";
}
