namespace SafeVision.VisionLanguage.Protocols;

/// <summary>
/// Shieldstral 1.0 (Mistral AI): one question for each category in the fields <c>&lt;Instruct&gt;</c>, <c>&lt;Query&gt;</c> and
/// <c>&lt;Document&gt;</c>, answered with one token; the score is the share of yes, each word by its likeliest spelling, as Mistral's
/// cookbook computes it. The system sentence is the checkpoint's own where its files have one. The image stands first, so all questions share it. It never gives a reason, and it keeps to what it has
/// learnt: measured by others, 0 to 27 % of its verdicts turn when a policy is turned round. So its excludes count as covered in part.
/// </summary>
internal sealed class ShieldstralProtocol : IGuardProtocol
{
    private static readonly string[] s_wrappings = ["{0}", " {0}", "{0}.", "\"{0}\"", "'{0}'"];

    public string Name => "shieldstral";

    public SafeVerdict SafeVerdict { get; } = new("no", SafeVerdict.Nothing, IsFirstToken: true);

    public CompiledProtocol Compile(ProtocolContext context)
    {
        if (context.Wording.System is null && context.Wording.Has("system") && !context.Profile.Conversation.HasSystemText)
        {
            context = context with { Wording = context.Wording with { System = context.Wording.Render("system", context.Policy, []) } };
        }

        var prompts = new ProtocolPrompts(context);
        ProtocolPrompt[] questions = prompts.WriteEach("fast", "no");
        return new CategoryQuestions(
            context,
            questions,
            [.. context.Policy.Categories.Select((category, i) => questions[i].Coverage.Of(category, "yes", steersWeakly: true))],
            Spellings(context.Tokenizer, "yes", "Yes", "YES"),
            Spellings(context.Tokenizer, "no", "No", "NO"),
            limits: null);
    }

    /// <summary>The word as it stands, and in each spelling that the model can say as one token.</summary>
    private static int[][] Spellings(TextTokenizer tokenizer, params string[] words)
    {
        int[] usual = tokenizer.Encode(words[0]);
        IEnumerable<int[]> others = from wrapping in s_wrappings from word in words select tokenizer.Encode(string.Format(null, wrapping, word));
        return [usual, .. others.Where(ids => ids.Length == 1 && ids[0] != usual[0]).DistinctBy(ids => ids[0])];
    }
}
