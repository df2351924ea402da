namespace SafeVision.VisionLanguage.Templates;

/// <summary>What a filter, test, method or function is called with.</summary>
internal sealed record TemplateArguments(string Callee, IReadOnlyList<object?> Values, IReadOnlyList<KeyValuePair<string, object?>> Named)
{
    /// <summary>An argument by its place or name; undefined where it wasn't given.</summary>
    public object? Get(int place, string name)
    {
        if (place < Values.Count)
        {
            return Values[place];
        }

        foreach ((string given, object? value) in Named)
        {
            if (given == name)
            {
                return value;
            }
        }

        return new TemplateUndefined(name);
    }

    /// <summary>Makes sure that nothing was given but these.</summary>
    public void Expect(TemplateRun run, params ReadOnlySpan<string> names)
    {
        if (Values.Count > names.Length)
        {
            throw run.Wrong($"'{Callee}' takes {names.Length} arguments at most, but {Values.Count} were given");
        }

        foreach ((string name, _) in Named)
        {
            if (!names.Contains(name))
            {
                throw run.Wrong($"'{Callee}' with an argument '{name}' is not supported");
            }
        }
    }
}
