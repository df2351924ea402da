using System.Collections.Concurrent;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>A guard that gives a verdict and then names categories, at once or after a thought. The model decides the
/// verdict and the names, and writes the thought or the reason; all else is given to it, so no answer is
/// malformed.</summary>
internal sealed class VerdictAnswer : CompiledProtocol
{
    private readonly SafetyPolicy _policy;
    private readonly AnswerGrammar _grammar;
    private readonly ProtocolPrompt? _prompt;
    private readonly VerdictForm? _form;
    private readonly Decision? _decision;
    private readonly ProtocolPrompt? _thinking;
    private readonly ThoughtForm? _thought;
    private readonly AnswerStep? _first;
    private readonly Func<IGenerationSession, Action<string>?, CancellationToken, ValueTask<string>>? _reason;
    private readonly CategoryNames _names;
    private readonly bool _explains;
    private readonly ConcurrentDictionary<string, Decision> _afterThought = new(StringComparer.Ordinal);

    public VerdictAnswer(ProtocolContext context, CategoryNames names, VerdictParts parts)
    {
        (_policy, _names, _reason, _explains) = (context.Policy, names, parts.Reason, context.Mode == VisionLanguageMode.Comprehension);
        (_prompt, _form, _thinking, _thought) = (parts.Prompt, parts.Form, parts.Thinking, parts.Thought);
        ProtocolPrompt any = _prompt ?? _thinking ?? throw new ArgumentException("A guard has a prompt.", nameof(parts));
        _grammar = new AnswerGrammar(context.Tokenizer, any.End, context.Model);
        var prompts = new ProtocolPrompts(context);
        if (_prompt is not null)
        {
            _decision = new Decision(this, _form!, PromptText.Empty);
            prompts.RequireFit(_prompt, _decision.Longest + (_reason is null ? 0 : prompts.ReasonLimits.MaximumTokens));
        }

        if (_thinking is not null)
        {
            ThoughtForm thought = _thought!;
            _first = thought.First is { } first ? _grammar.Step(
                PromptText.Empty, [new AnswerOption(first.Safe, first.AfterSafe), new AnswerOption(first.Unsafe!, first.AfterSafe)]) : null;
            prompts.RequireFit(_thinking, thought.Limits.MaximumTokens + thought.Opening.Length + AfterThought(thought.Limits.EndsAt!).Longest);
        }

        Coverage = parts.Coverage ?? [.. context.Policy.Categories.Select((category, i) => names.AnswerOf(i) is { } answer ? any.Coverage.Of(category, answer) : PromptCoverage.None(category))];
        Prompts = [.. new[] { _prompt, _thinking }.OfType<ProtocolPrompt>().Select(prompt => prompt.Tokens)];
    }

    public override IReadOnlyList<CategoryCoverage> Coverage { get; }
    public override IReadOnlyList<GuardPrompt> Prompts { get; }

    public override bool Thinks => _thinking is not null;

    /// <remarks>A guard that can do both is asked to think only about an image that looks harmful or that a person should look at.</remarks>
    public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
    {
        if (_prompt is null)
        {
            return await ThinkAsync(model, reason, cancellationToken).ConfigureAwait(false);
        }

        IGenerationSession session = await model.OpenAsync(_prompt.Tokens, cancellationToken).ConfigureAwait(false);
        GuardAnswer answer;
        await using (session.ConfigureAwait(false))
        {
            var dialog = new AnswerDialog(session);
            (answer, string? spoken) = await _decision!.DecideAsync(dialog, cancellationToken).ConfigureAwait(false);
            if (_reason is not null && answer.Primary >= 0 && spoken is not null)
            {
                await dialog.SayAsync(_decision.UpToReason(spoken, dialog.Given), cancellationToken).ConfigureAwait(false);
                answer = answer with { Reason = await _reason(session, reason, cancellationToken).ConfigureAwait(false) };
            }
        }

        return _thinking is not null && answer.Primary >= 0 ? await ThinkAsync(model, reason, cancellationToken).ConfigureAwait(false) : answer;
    }

    /// <summary>The answer behind a thought of whose mark, and sometimes last word, this is left to say. Kept where it is an end of the mark alone: those are few.</summary>
    private Decision AfterThought(string rest) => _thought!.Limits.EndsAt!.EndsWith(rest, StringComparison.Ordinal)
        ? _afterThought.GetOrAdd(rest, static (rest, owner) => new Decision(owner, owner._thought!.Verdict, PromptText.Trusted(rest)), this)
        : new Decision(this, _thought.Verdict, PromptText.Trusted(rest));

    /// <exception cref="ModelOutputException">The thought was cut off, so nothing is known of the image.</exception>
    private async ValueTask<GuardAnswer> ThinkAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
    {
        ThoughtForm thought = _thought!;
        IGenerationSession session = await model.OpenAsync(_thinking!.Tokens, cancellationToken).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            var before = new AnswerDialog(session);
            string opening = _thinking.Tokens.Text.AsSpan().TrimEnd().EndsWith(thought.Opening.AsSpan().Trim()) ? "" : thought.Opening;
            if (_first is not null)
            {
                double[] first = await before.AskAsync(_first, cancellationToken).ConfigureAwait(false);
                opening = (first[0] >= first[1] ? thought.First!.Safe : thought.First!.Unsafe) + thought.First.AfterSafe;
            }

            await before.SayAsync(_grammar.Encode(PromptText.Trusted(opening), before.Given), cancellationToken).ConfigureAwait(false);
            WrittenText written = await session.WriteAsync(thought.Limits, _explains ? reason : null, cancellationToken).ConfigureAwait(false);
            if (written.End != TextEnd.Mark)
            {
                throw new ModelOutputException(written.End == TextEnd.Turn
                    ? $"The model ended its answer without '{thought.Limits.EndsAt}', after which its verdict would stand; nothing can be concluded from it."
                    : $"The model's thought was cut off after {thought.Limits.MaximumTokens} tokens, before its verdict; nothing can be concluded from it. Raise maximumThoughtTokens in the prompt file, or use the fast mode.");
            }

            (GuardAnswer answer, _) = await AfterThought(written.Rest).DecideAsync(new AnswerDialog(session), cancellationToken).ConfigureAwait(false);
            int closing = thought.Closing is { } tag ? written.Text.IndexOf(tag, StringComparison.Ordinal) : -1;
            return answer with { Reason = !_explains || answer.Primary < 0 ? null : closing < 0 ? written.Text : written.Text[..closing], IsAfterThought = true };
        }
    }

    /// <summary>Verdict and categories from one point of an answer on.</summary>
    private sealed class Decision
    {
        private readonly VerdictAnswer _owner;
        private readonly VerdictForm _form;
        private readonly AnswerStep? _verdict; // safe, unsafe
        private readonly PromptText _said; // up to the first name
        private readonly AnswerStep? _category;

        public Decision(VerdictAnswer owner, VerdictForm form, PromptText before)
        {
            (_owner, _form) = (owner, form);
            PromptText opening = PromptText.Concat(before, PromptText.Trusted(form.Opening));
            _verdict = form.Unsafe is { } harmful ? owner._grammar.Step(opening, [new AnswerOption(form.Safe, form.AfterSafe), new AnswerOption(harmful, form.BeforeCategory ?? form.AfterSafe)]) : null;
            _said = PromptText.Concat(opening, PromptText.Trusted($"{form.Unsafe}{form.BeforeCategory}"));
            _category = form.BeforeCategory is null ? null : owner._grammar.Step(_said, Options([.. Enumerable.Range(0, Names.Count)], isFirst: true), _verdict?.Stem);
        }

        private IReadOnlyList<AnswerOption> Names => _owner._names.All;

        private bool IsSafeAmongNames => _form.Unsafe is null;

        public int Longest => (_category ?? _verdict!).Longest + (_form.Separator is null ? 0 : Names.Sum(name => name.Text.Text.Length + 1));

        /// <summary>The answer up to where the reason begins.</summary>
        public int[] UpToReason(string name, int[] given) =>
            _owner._grammar.Encode(PromptText.Concat(_said, Names.First(known => known.Text.Text == name).Text, PromptText.Trusted(_form.AfterCategory ?? "")), given);

        /// <summary>The answer, and the name of the category that it is mostly about.</summary>
        /// <remarks>The names are asked for as if the verdict were unsafe, whatever it is: each score is P(unsafe)
        /// spread over them. A list is written as the model would write it; a category scores by how near it comes at
        /// any point to the name that stands there.</remarks>
        public async ValueTask<(GuardAnswer Answer, string? Spoken)> DecideAsync(AnswerDialog dialog, CancellationToken cancellationToken)
        {
            double[] verdict = _verdict is null ? [] : await dialog.AskAsync(_verdict, cancellationToken).ConfigureAwait(false);
            double[] scores = new double[_owner._names.Asked.Count], shares = new double[scores.Length];
            double[]? firstNames = null;
            List<int> left = [.. Enumerable.Range(0, Names.Count)];
            PromptText said = _said;
            for (bool more = _category is not null; more && left.Count > 0;)
            {
                AnswerStep step = firstNames is null ? _category! : _owner._grammar.Step(said, Options(left, isFirst: false), dialog.Given);
                double[] asked = await dialog.AskAsync(step, cancellationToken).ConfigureAwait(false);
                if (firstNames is null && IsSafeAmongNames)
                {
                    verdict = [asked[0], asked.Skip(1).Sum()];
                    asked = asked[1..];
                }

                double total = asked.Sum();
                double[] names = new double[Names.Count], ends = new double[names.Length];
                int each = _form.Separator is null ? 1 : 2;
                for (int i = 0; i < left.Count; i++)
                {
                    ends[left[i]] = asked[each * i] / (total > 0 ? total : 1);
                    names[left[i]] = ends[left[i]] + (each == 1 ? 0 : asked[(each * i) + 1] / (total > 0 ? total : 1));
                }

                firstNames ??= names;
                _owner._names.Add(names, verdict[1], scores, shares);
                int listed = left.MaxBy(name => names[name]);
                more = each == 2 && names[listed] - ends[listed] > ends[listed];
                said = PromptText.Concat(said, Names[listed].Text, PromptText.Trusted(_form.Separator ?? ""));
                left.Remove(listed);
            }

            if (_category is null)
            {
                (scores, shares) = ([.. scores.Select(_ => verdict[1])], [.. shares.Select(_ => verdict[1])]);
            }

            var answers = new CategoryAnswer?[_owner._policy.Categories.Count];
            foreach ((int i, int position) in _owner._names.Asked.Index())
            {
                answers[position] = new CategoryAnswer(scores[i], shares[i]);
            }

            int primary = CategoryScores.Primary(_owner._policy, answers, verdict[0]);
            string? spoken = primary < 0 || firstNames is null ? null : _owner._names.Likeliest(primary, firstNames);
            return (new GuardAnswer { Categories = answers, Safe = verdict[0], Primary = primary }, spoken);
        }

        /// <summary>The names that are left, each as the last of the list and, where there can be several, with another one to follow.</summary>
        private AnswerOption[] Options(List<int> left, bool isFirst) =>
        [
            .. isFirst && IsSafeAmongNames ? [new AnswerOption(_form.Safe, _form.AfterSafe)] : Array.Empty<AnswerOption>(),
            .. left.SelectMany(name => _form.Separator is { } separator
                ? [Names[name] with { Follow = _form.AfterCategory }, Names[name] with { Meaning = $"{Names[name].Meaning} and another", Follow = separator }]
                : (AnswerOption[])[Names[name] with { Follow = _form.AfterCategory }]),
        ];
    }
}

/// <summary>The prompts of a guard that gives a verdict, and the forms of its answers.</summary>
internal sealed record VerdictParts
{
    /// <summary>The prompt that it answers at once; null where it always thinks first.</summary>
    public ProtocolPrompt? Prompt { get; init; }

    /// <summary>The answer to <see cref="Prompt"/>.</summary>
    public VerdictForm? Form { get; init; }

    /// <summary>The prompt that it thinks about; null where it never does.</summary>
    public ProtocolPrompt? Thinking { get; init; }

    /// <summary>The answer to <see cref="Thinking"/>.</summary>
    public ThoughtForm? Thought { get; init; }

    /// <summary>Lets the model write a reason behind the likeliest category; null where none is wanted.</summary>
    public Func<IGenerationSession, Action<string>?, CancellationToken, ValueTask<string>>? Reason { get; init; }

    /// <summary>What of each category the guard can judge; null: what stands in the prompt.</summary>
    public IReadOnlyList<CategoryCoverage>? Coverage { get; init; }
}
