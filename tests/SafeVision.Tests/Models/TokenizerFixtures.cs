using SafeVision.Models;
using System.Text.Json;

namespace SafeVision.Tests.Models;

/// <summary>The vocabulary of the phrase encoder, and what the reference makes of texts.</summary>
internal static class TokenizerFixtures
{
    /// <summary>The one golden text in which the reference finds special tokens, and we do not.</summary>
    public const string SpecialText = "[CLS] special [SEP] tokens [MASK]";

    private static readonly Lazy<BertSentenceTokenizer> s_tokenizer = new(() => BertSentenceTokenizer.Create(Vocabulary(), 256, lowerCase: true));

    public static BertSentenceTokenizer Tokenizer => s_tokenizer.Value;

    public static int VocabularySize => 30_522;

    public static byte[] Vocabulary() => File.ReadAllBytes(Repository.PathOf("models/all-minilm-l6-v2/vocab.txt"));

    public static string Read(string file) => File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "tokenizer", file));

    public static (string[] Texts, int[][] Ids, float[][] Cosines) Goldens()
    {
        using JsonDocument document = JsonDocument.Parse(Read("goldens.json"));
        JsonElement root = document.RootElement;
        return (root.GetProperty("texts").Deserialize<string[]>()!,
            root.GetProperty("ids").Deserialize<int[][]>()!,
            root.GetProperty("cosine").Deserialize<float[][]>()!);
    }

    public static (string Text, int[] Ids)[] Texts()
    {
        using JsonDocument document = JsonDocument.Parse(Read("texts.json"));
        return [.. document.RootElement.EnumerateArray().Select(entry =>
            (entry.GetProperty("text").GetString()!, entry.GetProperty("ids").Deserialize<int[]>()!))];
    }
}
