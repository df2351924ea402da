namespace SafeVision.VisionLanguage;

/// <summary>The words and layout of a protocol's prompts. They are the library's own, or those of the file <see cref="FileName"/>
/// beside a model that was trained on others. Immutable, thread-safe.</summary>
/// <remarks>A template sees <c>policy.name</c> and <c>policy.version</c>; <c>categories</c>, each with <c>id</c>, <c>name</c>,
/// <c>token</c>, <c>protects</c>, <c>includes</c>, <c>excludes</c>, <c>index</c> (from 1) and <c>letter</c> (from A); <c>safe</c>
/// and <c>reason</c>, the tokens of that name. What comes from a policy is untrusted text in every prompt.</remarks>
/// <param name="Source">Where the wording stands, for errors.</param>
/// <param name="Templates">The templates by their names.</param>
/// <param name="NamedTokens">The model's words for safe, reason and categories.</param>
internal sealed record PromptWording(string Source, IReadOnlyDictionary<string, Template> Templates, IReadOnlyDictionary<string, string> NamedTokens)
{
    public const string FileName = "safevision-prompt.yaml";

    public required string Protocol { get; init; }

    /// <summary>What stands first.</summary>
    public PromptOrder Order { get; init; } = PromptOrder.ImageFirst;

    /// <summary>What the model is told beforehand; null: what its conversation template says.</summary>
    public PromptText? System { get; init; }

    public int MaximumReasonWords { get; init; } = 30;
    public int MaximumReasonTokens { get; init; } = 96;

    /// <summary>The most tokens of a thought, on which a verdict rests.</summary>
    public int MaximumThoughtTokens { get; init; } = 1024;

    /// <summary>Variables for the model's conversation template: texts and booleans.</summary>
    public TemplateMap Variables { get; init; } = new();

    /// <summary>The text of such a variable; null where it is not given or no text.</summary>
    public string? Variable(string name) => Variables.TryGetValue(name, out object? value) ? (value as PromptText)?.Text : null;

    /// <summary>The model's text for a harmless image; null where none is given.</summary>
    public string? SafeToken => NamedTokens.GetValueOrDefault(PromptWordingReader.SafeKey);

    /// <summary>The model's text that begins a reason; null where none is given.</summary>
    public string? ReasonToken => NamedTokens.GetValueOrDefault(PromptWordingReader.ReasonKey);

    public IEnumerable<string> Tokens => NamedTokens.Values;

    public IEnumerable<string> CategoriesWithToken => NamedTokens.Keys.Where(PromptWordingReader.IsCategory);

    /// <summary>The wording beside a model; null where the folder has none.</summary>
    /// <exception cref="ModelLoadException">The file isn't valid; the message lists every mistake with file, line and column.</exception>
    public static PromptWording? Read(ModelConfiguration configuration) => configuration.Text(FileName) is { } text
        ? Parse(text, Path.Combine(configuration.Folder, FileName))
        : null;

    /// <summary>A wording from the text of a prompt file.</summary>
    /// <exception cref="ModelLoadException">The text isn't valid; the message lists every mistake with line and column.</exception>
    public static PromptWording Parse(string text, string source) => PromptWordingReader.Read(text, source);

    /// <exception cref="ModelLoadException">There is none for a protocol of that name.</exception>
    public static PromptWording Default(string protocol) => Parse(DefaultText(protocol), $"the prompts of the protocol '{protocol}'");

    /// <summary>The text of <see cref="Default"/>.</summary>
    public static string DefaultText(string protocol)
    {
        string name = $"SafeVision.VisionLanguage.Prompts.{protocol}.yaml";
        using Stream stream = typeof(PromptWording).Assembly.GetManifestResourceStream(name)
            ?? throw new ModelLoadException($"the protocol '{protocol}' has no prompts of its own; put a {FileName} beside the model.");
        using StreamReader reader = new(stream);
        return reader.ReadToEnd();
    }

    /// <summary>The model's text for a category of this id, ignoring case; null where none is given.</summary>
    public string? Token(string category) => PromptWordingReader.IsCategory(category) ? NamedTokens.GetValueOrDefault(category) : null;

    public bool Has(string template) => Templates.ContainsKey(template);

    /// <param name="categories">The categories that the prompt is about, with what the model says for each.</param>
    /// <param name="safe">The variable <c>safe</c> as the model's tokenizer spells it; null: <see cref="SafeToken"/>.</param>
    /// <param name="reason">The variable <c>reason</c> as the model's tokenizer spells it; null: <see cref="ReasonToken"/>.</param>
    /// <exception cref="ModelLoadException">There is no such template, or it can't be rendered; the message says where and why.</exception>
    public PromptText Render(
        string template,
        SafetyPolicy policy,
        IReadOnlyList<(SafetyCategory Category, PromptText Token)> categories,
        string? safe = null,
        string? reason = null)
    {
        if (!Templates.TryGetValue(template, out Template? found))
        {
            throw new ModelLoadException($"{Source}: there is no template '{template}', which the protocol '{Protocol}' needs. It has {string.Join(", ", Templates.Keys)}.");
        }

        var variables = new TemplateMap
        {
            ["policy"] = new TemplateMap { ["name"] = Words(policy.Name), ["version"] = Words(policy.Version) },
            ["categories"] = categories.Select((category, index) => (object?)Category(category.Category, category.Token, index)).ToList(),
        };
        foreach ((string name, string? token) in (ReadOnlySpan<(string, string?)>)[("safe", safe ?? SafeToken), ("reason", reason ?? ReasonToken)])
        {
            if (token is not null)
            {
                variables[name] = PromptText.Trusted(token);
            }
        }

        return found.Render(variables, isStrict: true);
    }

    private static TemplateMap Category(SafetyCategory category, PromptText token, int index) => new()
    {
        ["id"] = Words(category.Id),
        ["name"] = Words(category.Name),
        ["token"] = token,
        ["protects"] = Words(category.Protects),
        ["includes"] = category.Includes.Select(phrase => (object?)Words(phrase)).ToList(),
        ["excludes"] = category.Excludes.Select(phrase => (object?)Words(phrase)).ToList(),
        ["index"] = index + 1L,
        ["letter"] = PromptText.Trusted(Letter(index)),
    };

    private static PromptText Words(string text) => PromptText.Untrusted(PolicyWords.Inert(text));

    /// <summary>A to Z, then AA, AB and so on.</summary>
    public static string Letter(int index) => index < 26 ? $"{(char)('A' + index)}" : Letter((index / 26) - 1) + (char)('A' + (index % 26));
}

/// <summary>What stands first in a prompt.</summary>
internal enum PromptOrder
{
    ImageFirst, // as models are mostly trained
    PolicyFirst, // what was computed for a policy then serves every image
}
