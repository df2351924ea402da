namespace SafeVision.VisionLanguage.Protocols;

/// <summary>Writes the prompts of one protocol for one model and one policy.</summary>
internal sealed class ProtocolPrompts(ProtocolContext context)
{
    private const int SideOfLargeImage = 4096;

    private readonly int _imageTokens = ImageTokens(context);

    public TextLimits ReasonLimits { get; } = new(context.Wording.MaximumReasonTokens, context.Wording.MaximumReasonWords);

    /// <summary>Where a thought ends, on which the verdict rests.</summary>
    /// <param name="mark">The mark that the model must write; null: it ends with the answer.</param>
    public TextLimits ThoughtLimits(string? mark) => new(context.Wording.MaximumThoughtTokens, EndsAt: mark) { IsThought = true };

    /// <summary>Renders a template in the model's conversation and tokenises it.</summary>
    /// <param name="reason">What the model says before a reason; empty where it says nothing.</param>
    /// <exception cref="ModelLoadException">The template is missing or wrong.</exception>
    public ProtocolPrompt Write(string template, IReadOnlyList<ProtocolCategory> categories, string safe, string reason = "") =>
        Compile(Render(template, categories, safe, reason), context.Wording.Variables);

    /// <summary>Writes a question for each category of the policy.</summary>
    /// <exception cref="ModelLoadException">The template is missing or wrong.</exception>
    public ProtocolPrompt[] WriteEach(string template, string safe) => [.. context.Policy.Categories.Select((category, i) =>
        Write(template, [new ProtocolCategory(i, category, PromptText.Untrusted(PolicyWords.Inert(category.Name)))], safe))];

    /// <summary>Writes a prompt that stands in the conversation template itself, which is given the policy as a
    /// variable; a template of the prompt file says in which form, and <c>fast</c>, where there is one, what stands
    /// beside the image.</summary>
    /// <param name="settings">Further variables, which go before those of the prompt file.</param>
    /// <param name="elseInTurn">Whether the policy stands beside the image where the conversation template does not read the variable; otherwise that is an error.</param>
    /// <param name="form">The name of the prompt file's template for the policy.</param>
    /// <exception cref="ModelLoadException">A template is missing or wrong, or the policy would not reach the model.</exception>
    public ProtocolPrompt WriteByVariable(
        string variable, IReadOnlyList<ProtocolCategory> categories, string safe, TemplateMap settings, bool elseInTurn = false, string form = "policy")
    {
        PromptText policy = Render(form, categories, safe);
        TemplateMap variables = new TemplateMap().SetAll(context.Wording.Variables).SetAll(settings);
        TemplateMap all = new TemplateMap { [variable] = policy }.SetAll(variables);
        ProtocolPrompt prompt = Compile(context.Wording.Has("fast") ? Render("fast", categories, safe) : null, all);
        return categories.Any(category => category.Category.Includes.Any(prompt.Coverage.Holds)) ? prompt
            : elseInTurn ? Compile(policy, variables)
            : throw new ModelLoadException($"{context.Model}: the conversation template does not read the variable '{variable}', so the policy would not reach the model. Copy chat_template.jinja of the guard's checkpoint here, or name another protocol in {PromptWording.FileName}.");
    }

    private PromptText Render(string template, IReadOnlyList<ProtocolCategory> categories, string safe, string reason = "") => context.Wording.Render(
        template, context.Policy, [.. categories.Select(category => (category.Category, category.Answer))], safe: safe, reason: reason);

    private ProtocolPrompt Compile(PromptText? question, TemplateMap variables)
    {
        ConversationPart[] words = question is null ? [] : [new ConversationPart(question)];
        ConversationPart[] turn = context.Wording.Order == PromptOrder.PolicyFirst ? [.. words, ConversationPart.Image] : [ConversationPart.Image, .. words];
        PromptText conversation = context.Profile.Conversation.Render(context.Wording.System, turn, variables);
        GuardPrompt prompt = GuardPrompt.Compile(conversation, context.Profile, context.Tokenizer, context.Model);
        return new ProtocolPrompt(prompt, new PromptCoverage(conversation), AnswerEnd(prompt));
    }

    /// <summary>Checks that a prompt with the largest image and an answer fits the model.</summary>
    /// <exception cref="ModelLoadException">It doesn't.</exception>
    public void RequireFit(ProtocolPrompt prompt, int answerTokens)
    {
        int text = prompt.Tokens.Before.Length + prompt.Tokens.After.Length, image = _imageTokens;
        if ((long)text + image + answerTokens > context.Profile.ContextLength)
        {
            throw new ModelLoadException(
                $"{context.Model}: the policy '{context.Policy.Name}' makes a prompt of {text} tokens; with {image} for an image and {answerTokens} for the answer that is more than the model's {context.Profile.ContextLength}. Shorten the policy's phrases, split it, or use a model with a longer context.");
        }
    }

    /// <summary>The token that ends a turn in this conversation, which is what the model learnt to end its own with; of several that stop it, the one that the prompt itself uses.</summary>
    private int AnswerEnd(GuardPrompt prompt)
    {
        int used = Array.FindLastIndex(prompt.After, context.Profile.StopTokens.Contains);
        return used >= 0 ? prompt.After[used] : context.Profile.StopTokens[0];
    }

    /// <summary>The most tokens of an image, with those that stand around and between its image tokens.</summary>
    private static int ImageTokens(ProtocolContext context)
    {
        ImagePlan plan = context.Profile.Images.Plan(SideOfLargeImage, SideOfLargeImage);
        double perImageToken = context.Tokenizer.Encode(plan.Text).Length / (double)plan.Tokens;
        return (int)Math.Ceiling(context.Profile.Images.MaximumTokens * perImageToken);
    }
}

/// <summary>A prompt and what it says.</summary>
internal sealed record ProtocolPrompt(GuardPrompt Tokens, PromptCoverage Coverage, int End);

/// <summary>A category of the policy as a protocol speaks of it.</summary>
/// <param name="Answer">What the model says when it means the category: a token of its own, a code, or the category's name.</param>
internal sealed record ProtocolCategory(int Position, SafetyCategory Category, PromptText Answer);

/// <summary>A prompt ready for any image: the tokens before the image and after it.</summary>
/// <param name="Text">The whole prompt with the image mark where the image stands.</param>
/// <param name="Before">The ids before the image, the one that begins every text included.</param>
/// <param name="After">The ids after the image, up to where the answer begins.</param>
internal sealed record GuardPrompt(string Text, int[] Before, int[] After)
{
    /// <summary>The same with an image's text in between, where the halves alone give other tokens; null: they don't.</summary>
    public JoinedPrompt? Joined { get; init; }

    /// <summary>Tokenises a rendered conversation around its image.</summary>
    /// <remarks>The image mark is an added token or stands beside one, and text is cut there before it is tokenised, so the halves equal the whole.</remarks>
    /// <exception cref="ModelLoadException">The conversation does not hold the image mark exactly once outside a stranger's words.</exception>
    public static GuardPrompt Compile(PromptText conversation, VisionLanguageProfile profile, TextTokenizer tokenizer, string model)
    {
        int mark = -1;
        for (int at = conversation.Text.IndexOf(profile.ImageMark, StringComparison.Ordinal); at >= 0;
            at = conversation.Text.IndexOf(profile.ImageMark, at + profile.ImageMark.Length, StringComparison.Ordinal))
        {
            if (!conversation.IsTrusted(at, profile.ImageMark.Length))
            {
                continue;
            }

            if (mark >= 0)
            {
                throw new ModelLoadException($"{model}: the prompt holds the image mark '{profile.ImageMark}' twice; it must stand where the image belongs and nowhere else.");
            }

            mark = at;
        }

        if (mark < 0)
        {
            throw new ModelLoadException($"{model}: the prompt doesn't hold the image mark '{profile.ImageMark}', so the image would be missing from it. Correct the conversation template or the prompt file beside the model.");
        }

        int end = mark + profile.ImageMark.Length;
        PromptText first = conversation.Slice(0, mark), rest = conversation.Slice(end, conversation.Text.Length - end);
        return new GuardPrompt(conversation.Text, tokenizer.EncodePrompt(first), tokenizer.Encode(rest))
        {
            Joined = profile.JoinsImageText ? new JoinedPrompt(first, rest, tokenizer) : null,
        };
    }
}

/// <summary>Tokenises a prompt together with the text of an image, whose edges form tokens with the text beside them. Thread-safe.</summary>
internal sealed class JoinedPrompt(PromptText before, PromptText after, TextTokenizer tokenizer)
{
    private Tuple<ImagePlan, int[]>? _last; // images mostly have one plan

    /// <summary>The whole prompt's ids, the one that begins every text included.</summary>
    public int[] Encode(ImagePlan plan)
    {
        if (_last is { } last && last.Item1 == plan)
        {
            return last.Item2;
        }

        int[] ids = tokenizer.EncodePrompt(PromptText.Concat(before, PromptText.Trusted(plan.Text), after));
        _last = Tuple.Create(plan, ids);
        return ids;
    }
}

/// <summary>What of a policy stands in a prompt. A model can honour only what it reads, so coverage is taken from the
/// rendered prompt and not from what a prompt file is meant to hold.</summary>
internal sealed class PromptCoverage
{
    private readonly List<string> _texts = [];
    private readonly HashSet<string> _whole = [];

    public PromptCoverage(PromptText conversation)
    {
        foreach (PromptText.Range range in conversation.UntrustedRanges)
        {
            string text = conversation.Text.Substring(range.Start, range.Length);
            _texts.Add(text);
            _whole.Add(text);
        }
    }

    /// <summary>What of a category the model reads.</summary>
    /// <param name="steersWeakly">Whether the model often judges by what it has learnt where the policy says otherwise: what is allowed is then covered in part.</param>
    public CategoryCoverage Of(SafetyCategory category, string answer, bool steersWeakly = false)
    {
        PhraseCoverage[] phrases =
        [
            .. category.Includes.Select(phrase => Read(phrase, PhraseRole.Include, answer)),
            .. category.Excludes.Select(phrase => Read(phrase, PhraseRole.Exclude, answer) is var read && steersWeakly && read.Level == CoverageLevel.Full
                ? read with { Level = CoverageLevel.Partial, NotJudged = phrase } : read),
        ];
        bool readsAll = Array.TrueForAll(phrases, phrase => phrase.Level == CoverageLevel.Full);
        bool readsAny = Array.Exists(phrases, phrase => phrase.Level == CoverageLevel.Full);
        return new CategoryCoverage(
            category.Id, readsAll ? CoverageLevel.Full : CoverageLevel.Partial, readsAny ? phrases : [Named(category, answer), .. phrases]);
    }

    /// <summary>The coverage of a category that the model was trained on as it is.</summary>
    public static CategoryCoverage Trained(SafetyCategory category, string answer) =>
        new(category.Id, CoverageLevel.Full, [Named(category, answer)]);

    /// <summary>The coverage of a category about which the model can't be asked.</summary>
    public static CategoryCoverage None(SafetyCategory category) => CategoryCoverage.None(category.Id, category.Includes);

    private static PhraseCoverage Named(SafetyCategory category, string answer) => new(category.Name, CoverageLevel.Full) { Labels = [answer] };

    private PhraseCoverage Read(string phrase, PhraseRole role, string answer) => Holds(phrase)
        ? new PhraseCoverage(phrase, CoverageLevel.Full) { Role = role, Labels = [answer] }
        : new PhraseCoverage(phrase, CoverageLevel.None) { Role = role, NotJudged = phrase };

    /// <summary>Whether a phrase of a policy stands in the prompt, as prompts write it.</summary>
    public bool Holds(string phrase) => PolicyWords.Inert(phrase) is var written && (_whole.Contains(written) || _texts.Exists(text => HoldsWords(text, written)));

    /// <summary>Whether a text holds a phrase that is not a part of longer words.</summary>
    private static bool HoldsWords(string text, string phrase)
    {
        for (int at = text.IndexOf(phrase, StringComparison.Ordinal); at >= 0; at = text.IndexOf(phrase, at + 1, StringComparison.Ordinal))
        {
            int end = at + phrase.Length;
            if ((at == 0 || !char.IsLetterOrDigit(text[at - 1])) && (end == text.Length || !char.IsLetterOrDigit(text[end])))
            {
                return true;
            }
        }

        return false;
    }
}
