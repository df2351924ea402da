using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using CsCheck;
using SafeVision.Models;

namespace SafeVision.Tests.Models;

public sealed class BertSentenceTokenizerTests
{
    // Any UTF-16 at all, with what is special to BERT made frequent.
    private static readonly Gen<string> s_anyText = Gen.OneOf(
        Gen.String,
        Gen.Char.Array[0, 300].Select(characters => new string(characters)),
        Gen.OneOf("[SEP]", "[MASK]", "##a", "\ud800", "\udc00", "é", "e\u0301", "한", "日", "🔫", " ", "\t", "\0", "\ufffd").Array[0, 200].Select(string.Concat));

    [Fact]
    public void Golden_texts_have_the_ids_of_the_reference()
    {
        (string[] texts, int[][] ids, _) = TokenizerFixtures.Goldens();
        Assert.Equal(30, texts.Length);
        for (int index = 0; index < texts.Length; index++)
        {
            if (texts[index] != TokenizerFixtures.SpecialText)
            {
                Assert.Equal(ids[index], TokenizerFixtures.Tokenizer.Encode(texts[index]));
            }
        }
    }

    [Fact]
    public void Texts_of_many_scripts_have_the_ids_of_the_reference()
    {
        (string Text, int[] Ids)[] texts = TokenizerFixtures.Texts();
        Assert.Equal(497, texts.Length);
        Assert.All(texts, entry => Assert.Equal(entry.Ids, TokenizerFixtures.Tokenizer.Encode(entry.Text)));
    }

    [Fact]
    public void Every_code_point_is_cleaned_split_and_lowered_as_in_the_reference()
    {
        string[] runs = [.. TokenizerFixtures.Read("points.txt").Split('\n').Where(line => line.Length > 0 && line[0] != '#')];
        Assert.Equal(812, runs.Length);
        Assert.All(runs, run => Assert.Equal(run.Split(' ')[1], HashOf(run.Split(' ')[0])));
    }

    [Fact]
    public void Special_tokens_in_a_text_are_text()
    {
        int[] plain = [101, 1031, 18856, 2015, 1033, 2569, 1031, 19802, 1033, 19204, 2015, 1031, 7308, 1033, 102];
        Assert.Equal(plain, TokenizerFixtures.Tokenizer.Encode(TokenizerFixtures.SpecialText));
    }

    [Fact]
    public void Any_text_gives_2_to_256_ids_of_the_vocabulary_between_its_two_ends() =>
        s_anyText.Sample(
            text =>
            {
                IReadOnlyList<int> ids = TokenizerFixtures.Tokenizer.Encode(text);
                return ids.Count is >= 2 and <= 256 && ids[0] == 101 && ids[^1] == 102
                    && ids.Skip(1).SkipLast(1).All(id => id > 103 || id == 100) && ids.All(id => id < TokenizerFixtures.VocabularySize);
            },
            iter: 5_000);

    [Fact]
    public void A_text_and_its_composed_form_have_the_same_ids() =>
        Gen.OneOf("e\u0301", "A\u030a", "o\u0302\u0301", "n\u0303", "x", " ", "\u1112\u1161\u11ab").Array[1, 20].Select(string.Concat).Sample(text =>
            TokenizerFixtures.Tokenizer.Encode(text).SequenceEqual(TokenizerFixtures.Tokenizer.Encode(SafeVision.Unicode.UnicodeNormalization.ToNfc(text))));

    [Fact]
    public void A_long_text_is_cut_inside_a_word_as_the_reference_cuts_it()
    {
        IReadOnlyList<int> ids = BertSentenceTokenizer.Create(TokenizerFixtures.Vocabulary(), 5, lowerCase: true).Encode("supercalifragilisticexpialidocious");
        Assert.Equal([101, 3565, 9289, 10128, 102], ids);
    }

    [Fact]
    public void A_million_characters_take_no_longer_than_a_glance()
    {
        foreach (string text in new[] { new string('a', 1_000_000), new string('\u0301', 1_000_000), string.Concat(Enumerable.Repeat("\u0301\u0323", 500_000)), new string('.', 1_000_000) })
        {
            long start = System.Diagnostics.Stopwatch.GetTimestamp();
            Assert.InRange(TokenizerFixtures.Tokenizer.Encode(text).Count, 2, 256);
            Assert.True(System.Diagnostics.Stopwatch.GetElapsedTime(start) < TimeSpan.FromSeconds(30));
        }
    }

    [Fact]
    public void A_cased_vocabulary_keeps_case_and_accents()
    {
        BertSentenceTokenizer cased = BertSentenceTokenizer.Create("[UNK]\n[CLS]\n[SEP]\nCafé\ncafe\n##s"u8.ToArray(), 256, lowerCase: false);
        Assert.Equal([1, 3, 4, 5, 0, 2], cased.Encode("Café cafes CAFÉ"));
    }

    [Theory]
    [InlineData("[UNK]\n[CLS]\na", "no [SEP]")]
    [InlineData("[CLS]\n[SEP]\na", "no [UNK]")]
    [InlineData("", "no [UNK]")]
    [InlineData("[UNK]\n[CLS]\n[SEP]\na\na", "line 5 of the vocabulary repeats line 4")]
    public void A_vocabulary_that_is_none_is_refused_with_the_reason(string vocabulary, string reason)
    {
        InvalidDataException exception = Assert.Throws<InvalidDataException>(() => BertSentenceTokenizer.Create(Encoding.UTF8.GetBytes(vocabulary), 256, lowerCase: true));
        Assert.Contains(reason, exception.Message, StringComparison.Ordinal);
    }

    private static string HashOf(string run)
    {
        int[] ends = [.. run.Split('-').Select(end => int.Parse(end, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture))];
        StringBuilder lines = new();
        for (int point = ends[0]; point <= ends[1]; point++)
        {
            string text = char.ConvertFromUtf32(point);
            lines.AppendJoin(' ', TokenizerFixtures.Tokenizer.Encode($"x{text}y {text}")).Append('\n');
        }

        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(lines.ToString())))[..16];
    }
}
