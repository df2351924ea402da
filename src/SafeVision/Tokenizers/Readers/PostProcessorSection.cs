namespace SafeVision.Tokenizers.Readers;

/// <summary>Reads the post-processor of <c>tokenizer.json</c>, which says what is put in front of a text.</summary>
internal static class PostProcessorSection
{
    /// <summary>The one id that is put in front, or null. Anything put behind a text is refused: a prompt must stay open.</summary>
    public static int? ReadBeginning(JsonPlace? section)
    {
        if (section is not JsonPlace place)
        {
            return null;
        }

        switch (place.GetText("type"))
        {
            case "ByteLevel": // it only mends the offsets of words
                return null;

            case "Sequence":
                int?[] found = [.. place.Get("processors").Items().Select(part => ReadBeginning(part)).Where(id => id is not null)];
                return found.Length <= 1 ? found.FirstOrDefault() : throw place.Unknown("more than one template");

            case "TemplateProcessing":
                return ReadTemplate(place);

            default:
                throw place.Unknown("this post-processor");
        }
    }

    private static int? ReadTemplate(JsonPlace place)
    {
        JsonPlace template = place.Get("single");
        JsonPlace[] parts = [.. template.Items()];
        if (parts.Length is < 1 or > 2 || parts[^1].Find("Sequence") is null)
        {
            throw template.Unknown("a template other than at most one token and the text");
        }

        if (parts.Length == 1)
        {
            return null;
        }

        JsonPlace name = parts[0].Get("SpecialToken").Get("id");
        JsonPlace ids = place.Get("special_tokens").Get(name.GetText()).Get("ids");
        JsonPlace[] each = [.. ids.Items()];
        return each.Length == 1 ? each[0].GetId() : throw ids.Unknown("a special token of several ids");
    }
}
