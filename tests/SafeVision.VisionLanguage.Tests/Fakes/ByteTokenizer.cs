using System.Text.Json.Nodes;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Fakes;

/// <summary>A byte-level tokenizer that is read from a file like any other: a token for each byte, for some words, and added ones.</summary>
internal static class ByteTokenizer
{
    /// <param name="added">Special tokens, such as those that end an answer.</param>
    /// <param name="words">ASCII words that are one token.</param>
    public static TextTokenizer Create(string[] added, params string[] words)
    {
        var vocabulary = new JsonObject();
        for (int value = 0; value < 256; value++)
        {
            vocabulary[Character((byte)value).ToString()] = value;
        }

        var merges = new JsonArray();
        foreach (string word in words)
        {
            for (int length = 2; length <= word.Length; length++)
            {
                if (!vocabulary.ContainsKey(word[..length]))
                {
                    vocabulary[word[..length]] = vocabulary.Count;
                    merges.Add($"{word[..(length - 1)]} {word[length - 1]}");
                }
            }
        }

        int first = vocabulary.Count;
        var file = new JsonObject
        {
            ["version"] = "1.0",
            ["added_tokens"] = new JsonArray([.. added.Select((content, i) => new JsonObject
            {
                ["id"] = first + i, ["content"] = content, ["special"] = true, ["normalized"] = false, ["single_word"] = false, ["lstrip"] = false, ["rstrip"] = false,
            })]),
            ["normalizer"] = null,
            ["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = true },
            ["post_processor"] = null,
            ["decoder"] = new JsonObject { ["type"] = "ByteLevel" },
            ["model"] = new JsonObject { ["type"] = "BPE", ["vocab"] = vocabulary, ["merges"] = merges },
        };
        DirectoryInfo folder = Directory.CreateTempSubdirectory("byte-tokenizer-");
        try
        {
            File.WriteAllText(Path.Combine(folder.FullName, "tokenizer.json"), file.ToJsonString());
            return TextTokenizer.Open(folder.FullName);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The character that stands for a byte in a vocabulary: itself where it can be seen, else one from U+0100 on (GPT-2's table).</summary>
    private static char Character(byte value)
    {
        static bool IsSeen(int b) => b is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
        return IsSeen(value) ? (char)value : (char)(256 + Enumerable.Range(0, value).Count(b => !IsSeen(b)));
    }
}
