using System.Diagnostics;
using System.Text;
using System.Text.Json;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Tokenizers;

/// <summary>Bounds that quadratic work would break by far, with room for a busy machine.</summary>
public sealed class TokenizerScaleTests
{
    private static readonly TimeSpan s_limit = TimeSpan.FromSeconds(30);

    [Theory]
    [InlineData("internvl-llama-hf")]
    [InlineData("internvl-internlm2-orig")]
    [InlineData("internvl-qwen2-orig")]
    [InlineData("smolvlm-tiny")]
    public void Hundreds_of_thousands_of_characters_of_a_stranger_take_no_longer_than_a_glance(string name)
    {
        TextTokenizer tokenizer = LanguageTokenizers.Get(name);
        Random random = new(7);
        string letters = string.Concat(Enumerable.Range(0, 300_000).Select(_ => (char)random.Next('a', 'z' + 1)));
        string[] texts = [letters, new('a', 300_000), new(' ', 300_000), new('<', 300_000), new('\u0301', 300_000), string.Concat(Enumerable.Repeat("<|im_star", 30_000))];
        foreach (string text in texts)
        {
            long start = Stopwatch.GetTimestamp();
            Assert.NotEmpty(tokenizer.Encode(PromptText.Untrusted(text)));
            Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_limit);
        }
    }

    [Fact]
    public void A_vocabulary_of_a_hundred_and_fifty_thousand_pieces_opens_at_once()
    {
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write(("tokenizer.json", LargeTokenizer(151_000)));
        long start = Stopwatch.GetTimestamp();
        TextTokenizer tokenizer = TextTokenizer.Open(folder.Path);
        Assert.InRange(Stopwatch.GetElapsedTime(start), TimeSpan.Zero, s_limit);
        Assert.Equal(151_000, tokenizer.VocabularySize);
        const string text = "The quick brown fox jumps over the lazy dog.";
        int[] ids = tokenizer.Encode(text);
        Assert.InRange(ids.Length, 5, text.Length - 5);
        Assert.Equal(text, tokenizer.Decode(ids, skipSpecial: false));
    }

    /// <summary>Every pair of letters, then random pairs of what there is, written as published files are.</summary>
    private static string LargeTokenizer(int size)
    {
        List<string> pieces = [.. Enumerable.Range(0, 256).Select(value => ByteAlphabet.CharacterOf((byte)value).ToString())];
        HashSet<string> known = [.. pieces];
        List<string[]> merges = [];
        string[] letters = [.. pieces.Where(piece => char.IsAsciiLetter(piece[0]))];
        foreach (string left in letters)
        {
            foreach (string right in letters)
            {
                known.Add(left + right);
                pieces.Add(left + right);
                merges.Add([left, right]);
            }
        }

        Random random = new(11);
        while (pieces.Count < size)
        {
            (string left, string right) = (pieces[random.Next(pieces.Count)], pieces[random.Next(pieces.Count)]);
            if (left.Length + right.Length <= 16 && known.Add(left + right))
            {
                pieces.Add(left + right);
                merges.Add([left, right]);
            }
        }

        StringBuilder file = new("""{"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false}, "decoder": {"type": "ByteLevel"}, "model": {"type": "BPE", "vocab": """);
        file.Append(JsonSerializer.Serialize(pieces.Index().ToDictionary(entry => entry.Item, entry => entry.Index)));
        return file.Append(", \"merges\": ").Append(JsonSerializer.Serialize(merges)).Append("}}").ToString();
    }
}
