namespace SafeVision.VisionLanguage;

/// <summary>What a model of the protocol <c>safevision</c> is asked and is to answer, word for word as the engine asks: for
/// training data. Immutable and thread-safe.</summary>
public sealed class GuardQuestions
{
    private readonly PromptWording _wording;

    private GuardQuestions(PromptWording wording) => _wording = wording;

    /// <summary>The mark of a harmless image.</summary>
    public string Safe => _wording.SafeToken ?? "<|SAFE|>";

    /// <summary>The mark before a reason.</summary>
    public string Reason => _wording.ReasonToken ?? "<|REASON|>";

    /// <summary>The most words of a reason.</summary>
    public int MaximumReasonWords => _wording.MaximumReasonWords;

    /// <summary>The library's own questions, or those of a prompt file.</summary>
    /// <param name="promptFile">The text of the <c>safevision-prompt.yaml</c> that is to stand beside the model; null: the library's own.</param>
    /// <exception cref="ModelLoadException">The file is not valid, or not of the protocol <c>safevision</c>.</exception>
    public static GuardQuestions Create(string? promptFile = null)
    {
        PromptWording wording = promptFile is null ? PromptWording.Default("safevision") : PromptWording.Parse(promptFile, PromptWording.FileName);
        return wording.Protocol == "safevision"
            ? new GuardQuestions(wording)
            : throw new ModelLoadException($"{PromptWording.FileName}: the protocol is '{wording.Protocol}'; training data is made for the protocol 'safevision'.");
    }

    /// <summary>The mark of each category, in the policy's order: what the prompt file says, the paper's token of a built-in category, or the category's name.</summary>
    public IReadOnlyList<string> Marks(SafetyPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        string[] names = AnswerNames.For(policy, Safe, PromptWording.FileName);
        return [.. policy.Categories.Select((category, i) => _wording.Token(category.Id) ?? (HarmCategory.TryParse(category.Id, out HarmCategory? known) ? $"<|{known.Id}|>" : names[i]))];
    }

    /// <summary>The question for a category under a policy.</summary>
    /// <param name="policy">The policy.</param>
    /// <param name="withReason">Whether a reason is to follow: comprehension mode; otherwise the mark alone: fast mode.</param>
    /// <exception cref="ModelLoadException">The prompt file's template is missing or cannot be rendered.</exception>
    public string Ask(SafetyPolicy policy, bool withReason)
    {
        IReadOnlyList<string> marks = Marks(policy);
        return _wording.Render(
            withReason ? "comprehension" : "fast",
            policy,
            [.. policy.Categories.Select((category, i) => (category, PromptText.Trusted(marks[i])))],
            safe: Safe,
            reason: withReason ? Reason : "").Text;
    }
}
