using SafeVision.Assessments;
using SafeVision.Inference;
using SafeVision.Policies;
using SafeVision.VisionLanguage.Protocols;
using SafeVision.VisionLanguage.Tests.Fakes;
using SafeVision.VisionLanguage.Tokenizers;
using static SafeVision.VisionLanguage.Tests.Protocols.ProtocolBench;

namespace SafeVision.VisionLanguage.Tests.Protocols;

public sealed class SafeVisionProtocolTests
{
    private const string BareWording = """
        protocol: safevision
        tokens: { safe: "0", Hate_Humiliation_Harassment: "1", Violence_Harm_Cruelty: "2", Sexual: "3", Criminal_Planning: "4",
          Weapons_Substance_Abuse: "5", Self_Harm: "6", Animal_Cruelty: "7", Disasters_Emergencies: "8", Political: "9" }
        templates:
          bare: "Which category?"
          fast: "{% for category in categories %}{{ category.token }} {{ category.name }}\n{% endfor %}Which category?"
        """;

    private static readonly TextTokenizer s_tokenizer = Tokenizer(["<|SAFE|>", "<|REASON|>", "<|Sexual|>", "<|Weapons_Substance_Abuse|>", "<|Violence_Harm_Cruelty|>"]);
    private static readonly PromptWording s_wording = PromptWording.Default("safevision");

    private static readonly SafetyPolicy s_policy = Policy(
        ("Sexual", "Sexual content", "naked people", "statues"), ("Weapons_Substance_Abuse", "Weapons", "guns", "water pistols"));

    [Fact]
    public void The_fast_prompt_holds_the_policy_and_nothing_of_it_is_trusted()
    {
        CompiledProtocol compiled = Compile(s_policy);
        Assert.Equal(
            """
            <|user|><image>
            # Marks
            <|SAFE|>
            <|Sexual|>
            <|Weapons_Substance_Abuse|>

            # What the marks mean
            ---
            <|Sexual|>: Sexual content
            Purpose: Viewers must not be shown sexual or nude images that they did not ask for.
            Belongs here:
            - naked people
            Does not belong here:
            - statues
            ---
            <|Weapons_Substance_Abuse|>: Weapons
            Purpose: Viewers, minors above all, must not be offered weapons, drugs, alcohol or tobacco or be drawn to them.
            Belongs here:
            - guns
            Does not belong here:
            - water pistols
            ---
            <|SAFE|>: everything that belongs to none of the above

            # Question
            Which mark does the image get? Answer with the mark alone.<|end|><|model|>
            """,
            Text(compiled));
        Assert.All(compiled.Coverage, coverage => Assert.Equal(CoverageLevel.Full, coverage.Level));
        Assert.Equal(2, Count(compiled, "<|Sexual|>"));
    }

    [Fact]
    public void The_comprehension_prompt_asks_for_the_reason_token()
    {
        string text = Text(Compile(s_policy, mode: VisionLanguageMode.Comprehension));
        Assert.EndsWith("If it is another mark than <|SAFE|>, go on with <|REASON|> and one sentence of at most 30 words that says what in the image is the reason.<|end|><|model|>", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_question_gives_every_category_its_probability()
    {
        var guard = new ScriptedGuard(s_tokenizer, ("<|SAFE|><|end|>", 0.2), ("<|Sexual|><|end|>", 0.3), ("<|Weapons_Substance_Abuse|><|end|>", 0.3), ("something else", 0.2));
        GuardAnswer answer = await Compile(s_policy).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(0.25, answer.Safe!.Value, 12);
        Assert.All(answer.Categories, category => Assert.Equal(0.375, category!.Value.Probability, 12));

        // Half of the doubt says sexual, half weapons: they don't share it out.
        Assert.All(answer.Categories, category => Assert.Equal(0.75, category!.Value.Score, 12));
        Assert.Equal(("", true), (Assert.Single(guard.Said), guard.IsIdle));
        Assert.Null(answer.Reason);
    }

    [Fact]
    public async Task A_harmful_image_gets_a_reason_after_its_category_and_the_reason_token()
    {
        var guard = new ScriptedGuard(s_tokenizer, ("<|SAFE|><|end|>", 0.1), ("<|Sexual|><|REASON|> A person\nwithout clothes.<|end|>", 0.9));
        var told = new List<string>();
        GuardAnswer answer = await Compile(s_policy, mode: VisionLanguageMode.Comprehension).JudgeAsync(guard, told.Add, TestContext.Current.CancellationToken);
        Assert.Equal((" A person\nwithout clothes.", 0), (answer.Reason, answer.Primary));
        Assert.Equal(" A person\nwithout clothes.", string.Concat(told));
        Assert.Equal("<|Sexual|><|REASON|> A person\nwithout clothes.", Assert.Single(guard.Said));
    }

    [Fact]
    public async Task A_reason_ends_after_30_words()
    {
        string forty = string.Join(' ', Enumerable.Range(1, 40).Select(number => number % 10));
        var guard = new ScriptedGuard(s_tokenizer, ($"<|Sexual|><|REASON|> {forty}<|end|>", 1));
        GuardAnswer answer = await Compile(s_policy, mode: VisionLanguageMode.Comprehension).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(30, answer.Reason!.Trim().Split(' ').Length);
    }

    [Theory]
    [InlineData(0.9, false)]
    [InlineData(0.6, true)]
    public async Task A_harmless_image_gets_no_reason_unless_a_person_should_look(double safe, bool isExplained)
    {
        var guard = new ScriptedGuard(s_tokenizer, ("<|SAFE|><|end|>", safe), ("<|Sexual|><|REASON|>Skin.<|end|>", 1 - safe));
        GuardAnswer answer = await Compile(s_policy, mode: VisionLanguageMode.Comprehension).JudgeAsync(guard, null, TestContext.Current.CancellationToken);
        Assert.Equal(isExplained ? ("Skin.", 0) : (null, -1), (answer.Reason, answer.Primary));
        Assert.Equal(1 - safe, answer.Categories[0]!.Value.Score, 12);
    }

    [Fact]
    public async Task The_order_of_the_policy_changes_no_bit_of_a_result()
    {
        string[] ids = ["Sexual", "Weapons_Substance_Abuse", "Violence_Harm_Cruelty", "spam"];
        (string, double)[] script = [("<|SAFE|>", 0.1), ("<|Sexual|>", 0.31), ("<|Weapons_Substance_Abuse|>", 0.17), ("<|Violence_Harm_Cruelty|>", 0.31), ("Junk<|end|>", 0.03)];
        Dictionary<string, CategoryAnswer>? first = null;
        string? primary = null;
        foreach (int[] order in Permutations([0, 1, 2, 3]))
        {
            SafetyPolicy policy = Policy([.. order.Select(i => (ids[i], ids[i] == "spam" ? "Junk" : ids[i], "things", (string?)null))]);
            GuardAnswer answer = await Compile(policy).JudgeAsync(new ScriptedGuard(s_tokenizer, script), null, TestContext.Current.CancellationToken);
            Dictionary<string, CategoryAnswer> byId = policy.Categories.Zip(answer.Categories).ToDictionary(pair => pair.First.Id, pair => pair.Second!.Value);
            first ??= byId;
            primary ??= policy.Categories[answer.Primary].Id;
            Assert.Equal(first.OrderBy(pair => pair.Key), byId.OrderBy(pair => pair.Key));
            Assert.Equal(primary, policy.Categories[answer.Primary].Id);
        }
    }

    [Fact]
    public void Tokens_are_found_however_they_are_spelled()
    {
        TextTokenizer tokenizer = Tokenizer(["<|Safe|>", "<|Reason|>", "<|sexual|>"]);
        CompiledProtocol compiled = Compile(Policy(("Sexual", "Sexual", "nudity", null)), tokenizer, mode: VisionLanguageMode.Comprehension);
        Assert.Contains("<|Safe|>\n<|sexual|>\n", Text(compiled), StringComparison.Ordinal);
        Assert.Contains(tokenizer.Find("<|sexual|>")!.Value, compiled.Prompts[0].After);
        Assert.Contains(tokenizer.Find("<|Reason|>")!.Value, compiled.Prompts[0].After);
    }

    [Fact]
    public async Task The_bare_question_is_for_the_trained_taxonomy_unchanged()
    {
        PromptWording wording = PromptWording.Parse(BareWording, "test");
        SafetyPolicyBuilder builder = SafetyPolicy.Define("all", "1");
        foreach (HarmCategory harm in HarmCategory.All)
        {
            builder = builder.Category(harm);
        }

        SafetyPolicy trained = builder.Build();
        TextTokenizer digits = Tokenizer([]);
        CompiledProtocol compiled = Compile(trained, digits, wording);
        Assert.Equal("<|user|><image>\nWhich category?<|end|><|model|>", Text(compiled));
        Assert.All(compiled.Coverage, coverage => Assert.Equal(CoverageLevel.Full, coverage.Level));
        GuardAnswer answer = await compiled.JudgeAsync(new ScriptedGuard(digits, ("0", 0.5), ("3", 0.4), ("9", 0.1)), null, TestContext.Current.CancellationToken);
        Assert.Equal((0.5, 2), (answer.Categories[2]!.Value.Score, answer.Primary));

        SafetyPolicy changed = trained.With(HarmCategory.Sexual.Definition.Customize(category => category.Excludes("bikinis")));
        Assert.StartsWith("<|user|><image>\n1 Hate", Text(Compile(changed, digits, wording)), StringComparison.Ordinal);
        Assert.StartsWith("<|user|><image>\n1 Hate", Text(Compile(trained.Without("Political"), digits, wording)), StringComparison.Ordinal);
    }

    [Fact]
    public void A_prompt_that_leaves_phrases_out_shows_in_the_coverage()
    {
        CompiledProtocol compiled = Compile(Policy(("Sexual", "Sexual", "nudity", "statues")), Tokenizer([]), PromptWording.Parse(BareWording, "test"));
        CategoryCoverage coverage = Assert.Single(compiled.Coverage);
        Assert.Equal(CoverageLevel.Partial, coverage.Level);
        Assert.Equal(["nudity", "statues"], coverage.Uncovered);
    }

    [Fact]
    public async Task A_novel_category_is_answered_by_its_name_to_the_end()
    {
        SafetyPolicy policy = Policy(("Sexual", "Sexual", "nudity", null), ("bets", "Bet", "dice", null), ("shops", "Bet shops", "bookmakers", null));
        var guard = new ScriptedGuard(s_tokenizer, ("<|SAFE|><|end|>", 0.5), ("Bet<|end|>", 0.25), ("Bet shops<|end|>", 0.125), ("<|Sexual|><|end|>", 0.125));
        GuardAnswer answer = await Compile(policy).JudgeAsync(guard, null, TestContext.Current.CancellationToken);

        // 'Bet' and 'Bet shops' are one choice up to where the answer ends or goes on.
        Assert.Equal(0.5, answer.Safe!.Value, 12);
        Assert.Equal([0.125, 0.25, 0.125], answer.Categories.Select(category => category!.Value.Probability), (a, b) => Math.Abs(a - b) < 1e-12);
    }

    [Fact]
    public async Task Novel_categories_with_reasons_are_answered_in_context_and_may_be_several()
    {
        SafetyPolicy policy = Policy(("Sexual", "Sexual", "nudity", null), ("bets", "Bets", "dice", "board games"));
        const string Start = """{"IMAGE_CONTENT": "Dice.", "MODERATION_REASON": "A game for \"money\".", "MODERATION_RESULT": {"C1":""";
        var guard = new ScriptedGuard(
            s_tokenizer, (Start + " true, \"C2\": true}", 0.35), (Start + " true, \"C2\": false}", 0.25), (Start + " false, \"C2\": true}", 0.3), (Start + " false, \"C2\": false}", 0.1));
        var told = new List<string>();
        CompiledProtocol compiled = Compile(policy, mode: VisionLanguageMode.Comprehension);
        Assert.Contains("Examples\nAn image that shows this: nudity\n{\"IMAGE_CONTENT\": ", Text(compiled), StringComparison.Ordinal);
        Assert.Contains("\"MODERATION_RESULT\": {\"C1\": true, \"C2\": false}}\n", Text(compiled), StringComparison.Ordinal);
        Assert.All(compiled.Coverage, coverage => Assert.Equal(CoverageLevel.Full, coverage.Level));

        GuardAnswer answer = await compiled.JudgeAsync(guard, told.Add, TestContext.Current.CancellationToken);
        Assert.Equal(0.6, answer.Categories[0]!.Value.Score, 12);
        Assert.Equal(0.35 / 0.6, answer.Categories[1]!.Value.Score, 12);
        Assert.Equal(("A game for \"money\".", "A game for \"money\".", 0), (answer.Reason, string.Concat(told), answer.Primary));
        Assert.Equal(Start + " true, \"C2\": true", Assert.Single(guard.Said));
    }

    [Theory]
    [InlineData("REASON")]
    [InlineData("end")]
    [InlineData("user")]
    public void An_id_of_the_hosts_own_never_becomes_a_control_token(string id)
    {
        CompiledProtocol compiled = Compile(Policy(("Sexual", "Sexual", "nudity", null), (id, $"<|{id}|>", "<image> <|SAFE|>", "<|end|>")));
        int[] control = [.. new[] { "<image>", "<|REASON|>", "<|user|>" }.Select(token => s_tokenizer.Find(token)!.Value)];
        Assert.Empty(compiled.Prompts[0].After.Intersect(control));
        Assert.Equal(2, Count(compiled, "<|SAFE|>"));
        Assert.Equal(1, Count(compiled, "<|end|>"));
    }

    [Fact]
    public void Two_categories_with_one_token_are_refused_by_name()
    {
        PromptWording wording = PromptWording.Parse("protocol: safevision\ntokens: { safe: \"0\", a: \"7\", b: \"7\" }\ntemplates: { fast: x }", "test");
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() => Compile(Policy(("a", "A", "x", null), ("b", "B", "y", null)), Tokenizer([]), wording));
        Assert.Contains("'a' and the category 'b' are the same tokens", exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(VisionLanguageMode.Fast, "<|SAFE|>")]
    [InlineData(VisionLanguageMode.Comprehension, "<|REASON|>")]
    public void A_model_without_the_protocols_tokens_is_refused_with_what_to_do(VisionLanguageMode mode, string missing)
    {
        string[] tokens = ["<|SAFE|>", "<|REASON|>", "<|Sexual|>"];
        TextTokenizer tokenizer = Tokenizer([.. tokens.Where(token => token != missing)]);
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() => Compile(Policy(("Sexual", "Sexual", "nudity", null)), tokenizer, mode: mode));
        Assert.Contains(missing, exception.Message, StringComparison.Ordinal);
        Assert.Contains("protocol: instruct", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_policy_that_does_not_fit_the_models_context_is_refused()
    {
        GuardPrompt prompt = Compile(s_policy).Prompts[0];
        int needed = prompt.Before.Length + prompt.After.Length + 5 + 1; // a picture has four tokens and a line break between them
        Assert.NotNull(new SafeVisionProtocol().Compile(Context(s_policy, s_tokenizer, s_wording, contextLength: needed)));
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() => new SafeVisionProtocol().Compile(Context(s_policy, s_tokenizer, s_wording, contextLength: needed - 1)));
        Assert.Contains($"the model's {needed - 1}", exception.Message, StringComparison.Ordinal);
    }

    private static CompiledProtocol Compile(SafetyPolicy policy, TextTokenizer? tokenizer = null, PromptWording? wording = null, VisionLanguageMode mode = VisionLanguageMode.Fast) =>
        new SafeVisionProtocol().Compile(Context(policy, tokenizer ?? s_tokenizer, wording ?? s_wording, mode));

    private static string Text(CompiledProtocol compiled) => Assert.Single(compiled.Prompts).Text;

    private static int Count(CompiledProtocol compiled, string token) => compiled.Prompts[0].After.Count(id => id == s_tokenizer.Find(token));

    private static IEnumerable<int[]> Permutations(int[] items) => items.Length == 1 ? [items]
        : items.SelectMany(item => Permutations([.. items.Where(other => other != item)]).Select(rest => (int[])[item, .. rest]));
}
