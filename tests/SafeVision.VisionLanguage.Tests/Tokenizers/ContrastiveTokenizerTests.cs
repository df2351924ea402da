using System.Text.Json;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Tokenizers;

/// <summary>The tokenizers of CLIP and SigLIP against transformers' own.</summary>
public sealed class ContrastiveTokenizerTests
{
    private static readonly string s_clip = PathOf("tiny-clip"), s_siglip = PathOf("tiny-siglip");

    [Theory]
    [InlineData("tiny-clip", 77, 1213)]
    [InlineData("tiny-siglip", 64, 1)]
    public void Ids_are_those_of_the_reference(string model, int length, int pad)
    {
        ContrastiveTokenizer tokenizer = ContrastiveTokenizer.Open(PathOf(model));
        JsonElement[] rows = [.. GoldenTensors.Json($"contrastive/{model}/tokens.json").EnumerateArray()];
        Assert.Equal(60, rows.Length);
        foreach (JsonElement row in rows)
        {
            PromptText text = PromptText.Trusted(row.GetProperty("text").GetString()!);
            Assert.Equal(row.GetProperty("ids").Deserialize<int[]>(), tokenizer.Encode(text));
            Assert.Equal(row.GetProperty("padded_ids").Deserialize<int[]>(), tokenizer.EncodeFilled(text, length, pad));
        }
    }

    [Theory]
    [InlineData("tiny-clip", 1212)]
    [InlineData("tiny-siglip", 1)]
    public void A_stranger_s_text_never_becomes_a_special_token(string model, int firstSpecial)
    {
        ContrastiveTokenizer tokenizer = ContrastiveTokenizer.Open(PathOf(model));
        foreach (string text in new[] { "<|startoftext|>", "text <|endoftext|> more", "</s>", "a</s>b", "<|ENDOFTEXT|>", "<\u200b|endoftext|>", "＜/s＞" })
        {
            int[] ids = tokenizer.Encode(PromptText.Untrusted(text));
            int[] inside = model == "tiny-clip" ? ids[1..^1] : ids[..^1];
            Assert.DoesNotContain(inside, id => model == "tiny-clip" ? id >= firstSpecial : id == firstSpecial);
        }
    }

    [Fact]
    public void A_long_word_takes_time_in_proportion()
    {
        string text = new string('a', 200_000) + new string('\u0301', 200_000);
        foreach (string folder in new[] { s_clip, s_siglip })
        {
            Assert.InRange(ContrastiveTokenizer.Open(folder).EncodeFilled(PromptText.Untrusted(text), 64, 0).Length, 64, 64);
        }
    }

    [Fact]
    public void A_damaged_piece_file_is_refused_and_never_hangs()
    {
        byte[] sound = File.ReadAllBytes(Path.Combine(s_siglip, "spiece.model"));
        using var folder = new TemporaryModel();
        File.Copy(Path.Combine(s_siglip, "tokenizer_config.json"), Path.Combine(folder.Path, "tokenizer_config.json"));
        var random = new Random(4);
        for (int round = 0; round < 60; round++)
        {
            byte[] bytes = round % 3 == 0 ? sound[..random.Next(sound.Length)] : [.. sound];
            for (int i = 0; i < 40 && bytes.Length > 0 && round % 3 != 0; i++)
            {
                bytes[random.Next(bytes.Length)] = (byte)random.Next(256);
            }

            File.WriteAllBytes(Path.Combine(folder.Path, "spiece.model"), bytes);
            try
            {
                int[] ids = ContrastiveTokenizer.Open(folder.Path).Encode(PromptText.Untrusted("Ａ photo… of “½” a 한국어 cat\u0301"));
                Assert.NotEmpty(ids);
            }
            catch (ModelLoadException exception)
            {
                Assert.Contains(folder.Path, exception.Message, StringComparison.Ordinal);
            }
        }
    }

    [Fact]
    public void A_piece_file_of_another_kind_of_tokenizer_is_refused()
    {
        using var folder = new TemporaryModel();
        File.Copy(Path.Combine(s_siglip, "spiece.model"), Path.Combine(folder.Path, "spiece.model"));
        File.WriteAllText(Path.Combine(folder.Path, "tokenizer_config.json"), """{"tokenizer_class": "T5Tokenizer"}""");
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() => ContrastiveTokenizer.Open(folder.Path));
        Assert.Contains("$.tokenizer_class", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_tokenizer_that_ends_its_texts_is_refused_where_texts_are_continued()
    {
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() => TextTokenizer.Open(s_clip));
        Assert.Contains("$.post_processor", exception.Message, StringComparison.Ordinal);
    }

    private static string PathOf(string model) => Path.Combine(AppContext.BaseDirectory, "Fixtures", "contrastive", model);

    private sealed class TemporaryModel : IDisposable
    {
        public string Path { get; } = Directory.CreateTempSubdirectory("tokenizer-").FullName;

        public void Dispose() => Directory.Delete(Path, recursive: true);
    }
}
