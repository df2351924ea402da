using System.Globalization;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>
/// Reads the added tokens that stand beside a vocabulary: <c>added_tokens_decoder</c> in <c>tokenizer_config.json</c>, and
/// those of <c>added_tokens.json</c> that are not in it.
/// </summary>
internal static class AddedTokenFiles
{
    private static readonly string[] s_specialNames =
        ["bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token", "additional_special_tokens"];

    /// <param name="folder">The model's folder.</param>
    /// <param name="configuration">Its <c>tokenizer_config.json</c>, if it has one.</param>
    public static AddedToken[] Read(TokenizerFolder folder, JsonPlace? configuration)
    {
        AddedTokenList tokens = new();
        foreach ((string id, JsonPlace place) in configuration?.Find("added_tokens_decoder")?.Members() ?? [])
        {
            if (!int.TryParse(id, NumberStyles.None, CultureInfo.InvariantCulture, out int number) || number > TokenizerLimits.HighestId)
            {
                throw place.Wrong($"{id} is no id from 0 to {TokenizerLimits.HighestId}");
            }

            tokens.Add(ReadToken(place, number), place);
        }

        HashSet<string> special = [.. SpecialContents(configuration), .. SpecialContents(folder.ReadJson("special_tokens_map.json"))];
        foreach ((string content, JsonPlace place) in folder.ReadJson("added_tokens.json")?.Members() ?? [])
        {
            if (!tokens.Contains(content))
            {
                bool isSpecial = special.Contains(content);
                tokens.Add(new AddedToken(place.GetId(), content, isSpecial, IsNormalized: !isSpecial), place);
            }
        }

        return tokens.ToArray();
    }

    /// <summary>A token as an object with its content and flags.</summary>
    public static AddedToken ReadToken(JsonPlace place, int id)
    {
        bool isSpecial = place.GetFlag("special", false);
        return new AddedToken(
            id,
            place.GetText("content"),
            isSpecial,
            place.GetFlag("normalized", !isSpecial),
            place.GetFlag("single_word", false),
            place.GetFlag("lstrip", false),
            place.GetFlag("rstrip", false));
    }

    /// <summary>The content of a token that a file names as a text or as an object, or null if it names none.</summary>
    public static string? ContentOf(JsonPlace? token) =>
        token is not JsonPlace place ? null : place.IsObject ? place.GetText("content") : place.GetText();

    private static IEnumerable<string> SpecialContents(JsonPlace? file)
    {
        foreach (string name in s_specialNames)
        {
            if (file?.Find(name) is JsonPlace place)
            {
                IEnumerable<JsonPlace> named = place.Element.ValueKind == System.Text.Json.JsonValueKind.Array ? place.Items() : [place];
                foreach (JsonPlace token in named)
                {
                    yield return ContentOf(token)!;
                }
            }
        }
    }
}
