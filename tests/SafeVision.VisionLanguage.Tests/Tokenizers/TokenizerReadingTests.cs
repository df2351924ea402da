using System.Text;
using CsCheck;
using SafeVision.Inference;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Tokenizers;

public sealed class TokenizerReadingTests
{
    private const string Sound = """
        {"added_tokens": [{"id": 3, "content": "<s>", "special": true}],
         "normalizer": {"type": "NFC"},
         "pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false},
         "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "<s>"}}, {"Sequence": {"id": "A"}}], "special_tokens": {"<s>": {"ids": [3]}}},
         "decoder": {"type": "ByteLevel"},
         "model": {"type": "BPE", "vocab": {"a": 0, "b": 1, "ab": 2}, "merges": [["a", "b"]]}}
        """;

    [Theory]
    [InlineData("tokenizer.json")]
    [InlineData("tokenizer.model")]
    public async Task A_link_to_a_device_is_refused_at_once(string name)
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no devices in folders.");
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write(("merges.txt", "a b"));
        File.CreateSymbolicLink(Path.Combine(folder.Path, name), "/dev/zero");
        Task<Exception?> opening = Task.Run(() => Record.Exception(() => TextTokenizer.Open(folder.Path)));
        Exception? refusal = await opening.WaitAsync(TimeSpan.FromSeconds(20), TestContext.Current.CancellationToken);
        Assert.IsType<SafeVision.Inference.ModelLoadException>(refusal);
        Assert.Contains(name, refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void The_file_that_the_others_are_made_from_is_sound()
    {
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write(("tokenizer.json", Sound));
        Assert.Equal([3, 2, 0], TextTokenizer.Open(folder.Path).EncodePrompt("aba"));
    }

    [Theory]
    [InlineData("\"a\": 0", "\"a\": 2", "$.model.vocab", "the id of ab is another piece's too")]
    [InlineData("\"a\": 0", "\"a\": -1", "$.model.vocab", "is no id from 0 to 2097151")]
    [InlineData("\"a\": 0", "\"a\": 2147483647", "$.model.vocab", "is no id from 0 to 2097151")]
    [InlineData("\"a\": 0", "\"a\": 1e99", "$.model.vocab", "is no id from 0 to 2097151")]
    [InlineData("\"a\": 0", "\"a\": \"0\"", "$.model.vocab", "is no id from 0 to 2097151")]
    [InlineData("\"a\": 0", "\"b\": 0", "is no JSON", "b")]
    [InlineData("\"a\": 0", "\"\\ud800\": 0", "tokenizer.json", "")]
    [InlineData("[\"a\", \"b\"]", "[\"a\", \"c\"]", "$.model.merges[0]", "the vocabulary has no ac")]
    [InlineData("[\"a\", \"b\"]", "[\"a\"]", "$.model.merges[0]", "is no pair")]
    [InlineData("[\"a\", \"b\"]", "\"a b ab\"", "$.model.merges[0]", "is no pair")]
    [InlineData("[\"a\", \"b\"]", "[\"a\", 1]", "$.model.merges[0][1]", "is not a text")]
    [InlineData("\"id\": 3", "\"id\": 1", "$.added_tokens[0]", "the vocabulary gives this id to b")]
    [InlineData("\"id\": 3", "\"id\": 99999999", "$.added_tokens[0].id", "is no id")]
    [InlineData("\"content\": \"<s>\"", "\"content\": \"\"", "$.added_tokens[0]", "from 1 to 256 characters")]
    [InlineData("\"content\": \"<s>\"", "\"content\": \"ab\"", "$.added_tokens[0]", "the vocabulary gives this content the id 2")]
    [InlineData("\"special\": true}", "\"special\": true}, {\"id\": 3, \"content\": \"x\"}", "$.added_tokens[1]", "another added token has the id 3")]
    [InlineData("\"special\": true}", "\"special\": true}, {\"id\": 4, \"content\": \"<s>\"}", "$.added_tokens[1]", "the content <s>")]
    [InlineData("\"special\": true}", "\"special\": \"yes\"}", "$.added_tokens[0].special", "is neither true nor false")]
    [InlineData("\"BPE\"", "\"Unigram\"", "$.model.type", "this type of model is not supported by this tokenizer reader: \"Unigram\"")]
    [InlineData("\"BPE\"", "\"BPE\", \"dropout\": 0.1", "$.model.dropout", "not supported")]
    [InlineData("\"BPE\"", "\"BPE\", \"end_of_word_suffix\": \"</w>\"", "$.model.end_of_word_suffix", "not supported")]
    [InlineData("\"BPE\"", "\"BPE\", \"unk_token\": \"<unk>\"", "$.model.unk_token", "is no piece of the vocabulary")]
    [InlineData("\"NFC\"", "\"NFKC\"", "$.normalizer", "this normalizer is not supported")]
    [InlineData("{\"type\": \"NFC\"}", "{\"type\": \"Replace\", \"pattern\": {\"Regex\": \"a+\"}, \"content\": \"\"}", "$.normalizer.pattern", "not supported")]
    [InlineData("{\"type\": \"NFC\"}", "{\"type\": \"Replace\", \"pattern\": {\"String\": \"\"}, \"content\": \"\"}", "$.normalizer.pattern", "not supported")]
    [InlineData("\"ByteLevel\", \"add", "\"Whitespace\", \"add", "$.pre_tokenizer", "this pre-tokenizer is not supported")]
    [InlineData("\"ByteLevel\", \"add", "\"Split\", \"behavior\": \"Isolated\", \"pattern\": {\"Regex\": \"(a+)+$\"}, \"add", "$.pre_tokenizer", "this regular expression")]
    [InlineData("\"ByteLevel\", \"add", "\"Split\", \"behavior\": \"2\", \"pattern\": {\"String\": \"x\"}, \"add", "$.pre_tokenizer", "this split")]
    [InlineData("\"TemplateProcessing\"", "\"BertProcessing\"", "$.post_processor", "this post-processor is not supported")]
    [InlineData("{\"Sequence\": {\"id\": \"A\"}}", "{\"Sequence\": {\"id\": \"A\"}}, {\"SpecialToken\": {\"id\": \"<s>\"}}", "$.post_processor.single", "not supported")]
    [InlineData("[3]", "[3, 3]", "$.post_processor.special_tokens.<s>.ids", "not supported")]
    [InlineData("\"decoder\": {\"type\": \"ByteLevel\"}", "\"decoder\": {\"type\": \"WordPiece\"}", "$.decoder", "this decoder at this place")]
    [InlineData("\"decoder\": {\"type\": \"ByteLevel\"}", "\"decoder\": null", "$", "decoder is missing")]
    [InlineData("\"model\"", "\"modal\"", "$", "model is missing")]
    public void A_file_that_is_wrong_is_refused_with_the_place_and_the_reason(string sound, string wrong, string place, string reason)
    {
        Assert.Contains(sound, Sound, StringComparison.Ordinal);
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write(("tokenizer.json", Sound.Replace(sound, wrong, StringComparison.Ordinal)));
        ModelLoadException exception = Assert.Throws<ModelLoadException>(() => TextTokenizer.Open(folder.Path));
        Assert.Contains("tokenizer.json: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(place, exception.Message, StringComparison.Ordinal);
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_tokenizer_says_what_was_looked_for()
    {
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write();
        foreach (string path in new[] { folder.Path, Path.Combine(folder.Path, "missing") })
        {
            ModelLoadException exception = Assert.Throws<ModelLoadException>(() => TextTokenizer.Open(path));
            Assert.Contains("no tokenizer.json, tokenizer.model or vocab.json (with merges.txt)", exception.Message, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("internvl-qwen2-orig", "merges.txt", "vocab.json needs merges.txt")]
    [InlineData("internvl-qwen2-orig", "tokenizer_config.json", "vocab.json needs tokenizer_config.json")]
    public void A_vocabulary_without_what_belongs_to_it_is_refused(string name, string missing, string reason)
    {
        using LanguageTokenizers.TemporaryFolder folder = Copy(name);
        File.Delete(Path.Combine(folder.Path, missing));
        Assert.Contains(reason, Assert.Throws<ModelLoadException>(() => TextTokenizer.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Deep_nesting_is_refused()
    {
        string deep = string.Concat(Enumerable.Repeat("{\"type\": \"Sequence\", \"normalizers\": [", 100_000));
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write(("tokenizer.json", Sound.Replace("{\"type\": \"NFC\"}", deep, StringComparison.Ordinal)));
        Assert.Contains("is no JSON", Assert.Throws<ModelLoadException>(() => TextTokenizer.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_too_long_is_refused_unread()
    {
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write();
        using (FileStream file = File.Create(Path.Combine(folder.Path, "tokenizer.model")))
        {
            file.SetLength((64 << 20) + 1);
        }

        Assert.Contains("at most 67108864 are read", Assert.Throws<ModelLoadException>(() => TextTokenizer.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("internvl-llama-hf", "tokenizer.json")]
    [InlineData("internvl-internlm2-orig", "tokenizer.model")]
    [InlineData("internvl-internlm2-orig", "tokenizer_config.json")]
    [InlineData("internvl-internlm2-orig", "added_tokens.json")]
    [InlineData("internvl-qwen2-orig", "vocab.json")]
    [InlineData("internvl-qwen2-orig", "merges.txt")]
    [InlineData("internvl-qwen2-orig", "tokenizer_config.json")]
    public void A_damaged_file_opens_or_is_refused_and_nothing_else(string name, string file)
    {
        byte[] sound = File.ReadAllBytes(Path.Combine(LanguageTokenizers.Folder(name), file));
        Gen<byte[]> damaged = Gen.OneOf(
            Gen.Int[0, sound.Length - 1].Select(length => sound[..length]),
            Gen.Select(Gen.Int[0, sound.Length - 1], Gen.Byte).Array[1, 12].Select(changes =>
            {
                byte[] bytes = [.. sound];
                Array.ForEach(changes, change => bytes[change.Item1] = change.Item2);
                return bytes;
            }),
            Gen.Byte.Array[0, 200]);
        damaged.Sample(
            bytes =>
            {
                using LanguageTokenizers.TemporaryFolder folder = Copy(name);
                File.WriteAllBytes(Path.Combine(folder.Path, file), bytes);
                try
                {
                    TextTokenizer tokenizer = TextTokenizer.Open(folder.Path);
                    int[] ids = tokenizer.EncodePrompt("<|im_start|>user 中\u0301 1\n");
                    Assert.All(ids, id => Assert.InRange(id, 0, tokenizer.VocabularySize - 1));
                    Assert.NotNull(tokenizer.Decode(ids, skipSpecial: false));
                }
                catch (ModelLoadException exception)
                {
                    Assert.Contains(folder.Path, exception.Message, StringComparison.Ordinal);
                }
            },
            iter: 150);
    }

    [Theory]
    [InlineData(1, 0f, "two pieces of one text")]
    [InlineData(9, 0f, "an unknown type")]
    [InlineData(1, float.NaN, "no score")]
    [InlineData(6, 0f, "a byte that is none")]
    public void A_SentencePiece_model_with_a_piece_that_is_none_is_refused(int type, float score, string piece)
    {
        byte[] sound = File.ReadAllBytes(Path.Combine(LanguageTokenizers.Folder("tokenizers/sp-dummy-prefix"), "tokenizer.model"));
        byte[] text = Encoding.UTF8.GetBytes(piece == "two pieces of one text" ? "<s>" : piece);
        byte[] fields = [0x0A, (byte)text.Length, .. text, 0x15, .. BitConverter.GetBytes(score), 0x18, (byte)type];
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write();
        File.WriteAllBytes(Path.Combine(folder.Path, "tokenizer.model"), [.. sound, 0x0A, (byte)fields.Length, .. fields]);
        Assert.Contains("tokenizer.model: ", Assert.Throws<ModelLoadException>(() => TextTokenizer.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static LanguageTokenizers.TemporaryFolder Copy(string name)
    {
        LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write();
        foreach (string file in Directory.GetFiles(LanguageTokenizers.Folder(name)))
        {
            File.Copy(file, Path.Combine(folder.Path, Path.GetFileName(file)));
        }

        return folder;
    }
}
