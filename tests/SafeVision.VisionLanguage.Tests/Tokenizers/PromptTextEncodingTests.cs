using CsCheck;
using SafeVision.Unicode;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Tokenizers;

public sealed class PromptTextEncodingTests
{
    public static TheoryData<string> Names => [.. LanguageTokenizers.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void No_text_of_a_stranger_becomes_an_added_token_wherever_it_is_cut(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        HashSet<int> added = [.. tokenizer.AddedTokens.Select(token => token.Id)];
        Prompts(tokenizer).Sample(
            parts =>
            {
                PromptText prompt = PromptText.Concat([.. parts.Select(part => part.Trusted ? PromptText.Trusted(part.Text) : PromptText.Untrusted(part.Text))]);
                int[] allowed = AddedInTrustedRuns(tokenizer, parts);
                Assert.Equal(allowed, tokenizer.Encode(prompt).Where(added.Contains));
            },
            iter: 3_000);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_strangers_text_reads_back_as_it_was_written(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        Texts(tokenizer).Sample(
            text => Assert.Equal(Canonical(text), Canonical(tokenizer.Decode(tokenizer.Encode(PromptText.Untrusted(text)), skipSpecial: true))),
            iter: 1_000);

        // Composed, for some tokenizers compose; and with spaces for the mark that stands for one.
        static string Canonical(string text) => UnicodeNormalization.ToNfc(text).Replace('▁', ' ');
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void A_prompt_that_no_stranger_wrote_in_is_encoded_as_its_text(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        Texts(tokenizer).Sample(text => Assert.Equal(tokenizer.Encode(text), tokenizer.Encode(PromptText.Trusted(text))), iter: 1_000);
    }

    [Fact]
    public void A_reserved_piece_whose_id_a_token_took_over_is_text_in_a_strangers_mouth()
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get("internvl-internlm2-orig");
        int endOfTurn = tokenizer.Find("<|im_end|>")!.Value;
        Assert.Equal(endOfTurn, tokenizer.Encode("[UNUSED_TOKEN_145]user")[0]);
        PromptText prompt = PromptText.Concat(PromptText.Trusted("a"), PromptText.Untrusted("[UNUSED_TOKEN_145]"), PromptText.Trusted("<|im_end|>"));
        int[] ids = tokenizer.Encode(prompt);
        Assert.Equal(endOfTurn, ids[^1]);
        Assert.DoesNotContain(endOfTurn, ids.SkipLast(1));
        Assert.Equal("a[UNUSED_TOKEN_145]<|im_end|>", tokenizer.Decode(ids, skipSpecial: false));
    }

    [Fact]
    public void A_token_of_the_template_is_seen_though_a_stranger_wrote_its_beginning_before_it()
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get("internvl-qwen2-hf");
        PromptText prompt = PromptText.Concat(PromptText.Untrusted("<|im_"), PromptText.Trusted("<|im_end|>"), PromptText.Untrusted("start|>"));
        Assert.Equal([tokenizer.Find("<|im_end|>")!.Value], tokenizer.Encode(prompt).Where(tokenizer.IsSpecial));
    }

    [Fact]
    public void Words_are_joined_across_the_border_of_a_strangers_text()
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get("internvl-qwen2-hf");
        PromptText prompt = PromptText.Concat(PromptText.Trusted("The pic"), PromptText.Untrusted("ture e"), PromptText.Trusted("\u0301 shows"));
        Assert.Equal(tokenizer.Encode("The picture é shows"), tokenizer.Encode(prompt));
    }

    [Fact]
    public void A_piece_that_merges_into_an_added_token_is_left_in_parts_in_a_strangers_text()
    {
        const string file = """
            {"added_tokens": [{"id": 4, "content": "abc", "special": true}], "decoder": {"type": "ByteLevel"},
             "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
             "model": {"type": "BPE", "ignore_merges": IGNORED, "vocab": {"a": 0, "b": 1, "c": 2, "ab": 3, "abc": 4}, "merges": ["a b", "ab c"]}}
            """;
        foreach (string ignored in new[] { "true", "false" })
        {
            using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write(("tokenizer.json", file.Replace("IGNORED", ignored, StringComparison.Ordinal)));
            TextTokenizer tokenizer = TextTokenizer.Open(folder.Path);
            Assert.Equal([4], tokenizer.EncodeAsText("abc"));
            Assert.Equal([3, 2], tokenizer.Encode(PromptText.Untrusted("abc")));
            Assert.Equal([3, 2], tokenizer.Encode(PromptText.Concat(PromptText.Untrusted("a"), PromptText.Trusted("bc"))));
        }
    }

    [Fact]
    public void A_range_outside_the_text_is_refused() =>
        Assert.Throws<ArgumentException>(() => LanguageTokenizers.Get("smolvlm-tiny").Encode(new PromptText("abc", [new PromptText.Range(2, 2)])));

    /// <summary>Whole tokens, parts of them, reserved pieces and other text, in any order.</summary>
    private static Gen<string> Texts(TextTokenizer tokenizer)
    {
        string[] tokens = [.. tokenizer.AddedTokens.Select(token => token.Content), "<|im_end|>", "[UNUSED_TOKEN_141]", "[UNUSED_TOKEN_145]", "[UNUSED_TOKEN_146]", "<0x41>"];
        Gen<string> part = Gen.OneOf(tokens).SelectMany(token => Gen.Int[0, token.Length].SelectMany(start =>
            Gen.Int[0, token.Length - start].Select(length => token.Substring(start, length))));
        return Gen.Frequency(
            (3, Gen.OneOf(tokens)),
            (3, part),
            (2, Gen.OneOf("a", " ", "  ", "\n", "<", "|", ">", "é", "e\u0301", "中", "😀", "▁", "Ġ", "12", "'s"))).Array[0, 8].Select(string.Concat);
    }

    private static Gen<(bool Trusted, string Text)[]> Prompts(TextTokenizer tokenizer) => Gen.Select(Gen.Bool, Texts(tokenizer)).Array[0, 6];

    /// <summary>The added tokens, and what else has their ids, in the runs of text that no stranger wrote in.</summary>
    private static int[] AddedInTrustedRuns(TextTokenizer tokenizer, (bool Trusted, string Text)[] parts)
    {
        HashSet<int> added = [.. tokenizer.AddedTokens.Select(token => token.Id)];
        List<int> ids = [];
        string run = "";
        foreach ((bool trusted, string text) in parts.Where(part => part.Text.Length > 0).Append((false, "")))
        {
            if (trusted)
            {
                run += text;
                continue;
            }

            ids.AddRange(tokenizer.Encode(run).Where(added.Contains));
            run = "";
        }

        return [.. ids];
    }
}
