using System.Text.Json;
using System.Text.Json.Nodes;
using SafeVision.VisionLanguage.Tokenizers;

namespace SafeVision.VisionLanguage.Tests.Tokenizers;

/// <summary>What a tokenizer file may ask for and none of the model fixtures does: each variant is one of their files with some
/// members changed, and rows that the reference library made of random texts and ids with it.</summary>
public sealed class TokenizerVariantTests
{
    private static readonly JsonNode s_file = JsonNode.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Fixtures", "tokenizer", "variants.json")))!;

    public static TheoryData<string> Names => [.. Variants.Select(variant => (string)variant["name"]!)];

    private static IEnumerable<JsonNode> Variants => s_file["variants"]!.AsArray().Select(variant => variant!);

    [Theory]
    [MemberData(nameof(Names))]
    public void Random_texts_and_ids_become_what_they_do_in_the_reference(string name)
    {
        JsonNode variant = Variants.Single(variant => (string)variant["name"]! == name);
        using LanguageTokenizers.TemporaryFolder folder = LanguageTokenizers.Write(("tokenizer.json", FileOf(variant)));
        TextTokenizer tokenizer = TextTokenizer.Open(folder.Path);
        JsonArray rows = variant["rows"]!.AsArray();
        Assert.Equal(25, rows.Count);
        Assert.All(rows, row =>
        {
            string text = (string)row!["text"]!;
            Assert.Equal(row["ids"].Deserialize<int[]>(), tokenizer.Encode(text));
            Assert.Equal(row["ids_add_special"].Deserialize<int[]>(), tokenizer.EncodePrompt(text));
            int[] ids = row["some_ids"].Deserialize<int[]>()!;
            Assert.Equal((string)row["decoded"]!, tokenizer.Decode(ids, skipSpecial: false));
            TokenTextStream stream = tokenizer.CreateTextStream(skipSpecial: true);
            Assert.Equal((string)row["decoded_skip_special"]!, string.Concat(ids.Select(stream.Append)) + stream.Flush());
        });
    }

    private static string FileOf(JsonNode variant)
    {
        JsonNode file = JsonNode.Parse(File.ReadAllText(Path.Combine(LanguageTokenizers.Folder((string)variant["base"]!), "tokenizer.json")))!;
        foreach ((string member, JsonNode? value) in variant["members"]!.AsObject())
        {
            file[member] = value?.DeepClone();
        }

        foreach ((string member, JsonNode? value) in variant["model"]!.AsObject())
        {
            file["model"]![member] = value?.DeepClone();
        }

        return file.ToJsonString();
    }
}
