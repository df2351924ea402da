using System.Globalization;
using SafeVision.Assessments;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// The SafeVision paper's answer for novel categories: a JSON object with what the image shows, why categories apply or not, and
/// a flag for each category, of which several may be true. The model writes the two sentences and decides the flags; all else is
/// put in its mouth. Each score is P(true) against P(false), after the flags before it.
/// </summary>
internal sealed class InContextAnswer : CompiledProtocol
{
    private readonly SafetyPolicy _policy;
    private readonly GuardPrompt _prompt;
    private readonly AnswerChoices _flag;
    private readonly int[][] _flagIds;
    private readonly int[] _content;
    private readonly int[] _reason;
    private readonly int[][] _keys;
    private readonly JsonText _sentence;

    public InContextAnswer(ProtocolContext context, IReadOnlyList<ProtocolCategory> categories, PromptText safe)
    {
        _policy = context.Policy;
        var prompts = new ProtocolPrompts(context);
        ProtocolPrompt prompt = prompts.Write("novel", categories, safe, PromptText.Empty);
        _prompt = prompt.Tokens;
        _sentence = new JsonText(context.Tokenizer, prompts.ReasonLimits);

        // The keys are codes and not names: no character of a policy stands in the answer's grammar.
        TextTokenizer tokenizer = context.Tokenizer;
        _content = tokenizer.Encode("{\"IMAGE_CONTENT\": \"");
        _reason = tokenizer.Encode("\", \"MODERATION_REASON\": \"");
        _keys = [.. categories.Select((_, i) => tokenizer.Encode(string.Create(
            CultureInfo.InvariantCulture, $"{(i == 0 ? "\", \"MODERATION_RESULT\": {" : ", ")}\"C{i + 1}\":")))];
        _flagIds = [tokenizer.Encode(" true"), tokenizer.Encode(" false")];
        _flag = AnswerChoices.Create(
            [new PossibleAnswer("'true'", _flagIds[0], null), new PossibleAnswer("'false'", _flagIds[1], null)], context.Model);
        int answer = _content.Length + _reason.Length + _keys.Sum(key => key.Length + _flag.LongestAnswer) + (2 * prompts.ReasonLimits.MaximumTokens);
        prompts.RequireFit(prompt, answer);
        Coverage = [.. categories.Select(category => prompt.Coverage.Of(category.Category, category.Answer.Text))];
        Prompts = [_prompt];
    }

    public override IReadOnlyList<CategoryCoverage> Coverage { get; }

    public override IReadOnlyList<GuardPrompt> Prompts { get; }

    /// <remarks>The reason is known before the flags are, but told only after them: that of a harmless image is for nobody.</remarks>
    public override async ValueTask<GuardAnswer> JudgeAsync(IGuardModel model, Action<string>? reason, CancellationToken cancellationToken)
    {
        IGuardDialog dialog = await model.OpenAsync(_prompt, cancellationToken).ConfigureAwait(false);
        await using (dialog.ConfigureAwait(false))
        {
            await dialog.AppendAsync(_content, cancellationToken).ConfigureAwait(false);
            await _sentence.WriteAsync(dialog, null, cancellationToken).ConfigureAwait(false);
            await dialog.AppendAsync(_reason, cancellationToken).ConfigureAwait(false);
            string written = await _sentence.WriteAsync(dialog, null, cancellationToken).ConfigureAwait(false);

            var categories = new CategoryAnswer?[_keys.Length];
            for (int i = 0; i < categories.Length; i++)
            {
                await dialog.AppendAsync(_keys[i], cancellationToken).ConfigureAwait(false);
                double[] shares = await _flag.AskAsync(dialog, cancellationToken).ConfigureAwait(false);
                categories[i] = new CategoryAnswer(shares[0], shares[0]);
                await dialog.AppendAsync(_flagIds[shares[0] > shares[1] ? 0 : 1], cancellationToken).ConfigureAwait(false);
            }

            int primary = CategoryScores.Primary(_policy, categories, safe: 0.5);
            if (primary < 0)
            {
                return new GuardAnswer { Categories = categories, Primary = primary };
            }

            reason?.Invoke(written);
            return new GuardAnswer { Categories = categories, Reason = written, Primary = primary };
        }
    }
}
