using System.Text.Json;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Tokenizers;

public sealed class TextTokenizerTests
{
    public static TheoryData<string> Names => [.. LanguageTokenizers.Names];

    [Theory]
    [MemberData(nameof(Names))]
    public void Golden_texts_have_the_ids_of_the_reference(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        JsonElement[] rows = LanguageTokenizers.Rows(name, "tokenizer-goldens.json");
        Assert.Equal(82, rows.Length);
        Assert.All(rows, row =>
        {
            string text = row.GetProperty("text").GetString()!;
            AssertIds(row, "ids", tokenizer.Encode(text));
            AssertIds(row, "ids_add_special", tokenizer.EncodePrompt(text));
            AssertIds(row, "ids_special_as_text", tokenizer.EncodeAsText(text));
            Assert.Equal(tokenizer.Encode(text), tokenizer.Encode(PromptText.Trusted(text)));
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Golden_ids_have_the_text_of_the_reference_at_once_and_one_by_one(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        Assert.All(LanguageTokenizers.Rows(name, "tokenizer-goldens.json"), row =>
        {
            int[] ids = row.GetProperty("ids").Deserialize<int[]>()!;
            foreach ((string column, bool skipSpecial) in new[] { ("decoded", false), ("decoded_skip_special", true) })
            {
                if (row.TryGetProperty(column, out JsonElement expected))
                {
                    Assert.Equal(expected.GetString(), tokenizer.Decode(ids, skipSpecial));
                    TokenTextStream stream = tokenizer.CreateTextStream(skipSpecial);
                    Assert.Equal(expected.GetString(), string.Concat(ids.Select(stream.Append)) + stream.Flush());
                }
            }
        });
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Golden_ids_are_those_of_the_pieces_that_the_reference_names(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        Assert.All(LanguageTokenizers.Rows(name, "tokenizer-goldens.json"), row =>
            Assert.Equal(row.GetProperty("tokens").Deserialize<string[]>(), row.GetProperty("ids").Deserialize<int[]>()!.Select(id => tokenizer.PieceOf(id, out _))));
    }

    [Theory]
    [InlineData("internvl-llama-hf")]
    [InlineData("internvl-internlm2-orig")]
    [InlineData("internvl-qwen2-hf")]
    [InlineData("internvl-qwen2-orig")]
    public void Golden_prompts_have_the_ids_of_the_reference(string name)
    {
        JsonElement[] rows = LanguageTokenizers.Rows(name, "prompts.json");
        Assert.NotEmpty(rows);
        Assert.All(rows, row => AssertIds(row, "ids", LanguageTokenizers.Get(name).EncodePrompt(row.GetProperty("prompt").GetString()!)));
    }

    [Fact]
    public void A_tokenizer_knows_its_tokens()
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get("internvl-internlm2-orig");
        Assert.Equal(660, tokenizer.VocabularySize);
        Assert.Equal(1, tokenizer.BeginningOfText);
        Assert.Equal((644, 645, 659), (tokenizer.Find("<|im_end|>"), tokenizer.Find("<|im_start|>"), tokenizer.Find("<|REASON|>")));
        Assert.Null(tokenizer.Find("<|reason|>"));
        Assert.True(tokenizer.IsSpecial(644));
        Assert.False(tokenizer.IsSpecial(600));
        Assert.Equal(23, tokenizer.AddedTokens.Count);

        TextTokenizer qwen = LanguageTokenizers.Get("internvl-qwen2-orig");
        Assert.Null(qwen.BeginningOfText);
        Assert.False(qwen.IsSpecial(qwen.Find("<tool_call>")!.Value));
        Assert.Equal(qwen.Find("Ġs"), Assert.Single(qwen.Encode(" s")));
        Assert.Equal(1, LanguageTokenizers.Get("tokenizers/sp-dummy-prefix").BeginningOfText);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Half_surrogate_pairs_count_as_replacement_characters(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        Assert.Equal(tokenizer.Encode("a\ufffdb\ufffd😀\ufffd"), tokenizer.Encode("a\ud800b\udc00😀\ud83d"));
        Assert.Equal(tokenizer.Encode("\ufffd"), tokenizer.Encode(PromptText.Untrusted("\udfff")));
    }

    private static void AssertIds(JsonElement row, string column, int[] ids)
    {
        if (row.TryGetProperty(column, out JsonElement expected))
        {
            Assert.Equal(expected.Deserialize<int[]>(), ids);
        }
    }
}
