namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>Reads the post-processor of <c>tokenizer.json</c>, which says what is put in front of a text, and behind it.</summary>
internal static class PostProcessorSection
{
    /// <summary>The one id that is put in front, and the one that is put behind; null: none.</summary>
    /// <param name="section">The section, if there is one.</param>
    /// <param name="mayEnd">Whether something may be put behind a text; a prompt must stay open.</param>
    public static (int? Beginning, int? End) Read(JsonPlace? section, bool mayEnd)
    {
        if (section is not JsonPlace place)
        {
            return default;
        }

        switch (place.GetText("type"))
        {
            case "ByteLevel": // it only mends the offsets of words
                return default;

            case "Sequence":
                (int? Beginning, int? End)[] found = [.. place.Get("processors").Items().Select(part => Read(part, mayEnd)).Where(ids => ids != default)];
                return found.Length <= 1 ? found.FirstOrDefault() : throw place.Unknown("more than one template");

            case "TemplateProcessing":
                return ReadTemplate(place, mayEnd);

            case "RobertaProcessing" or "BertProcessing" when mayEnd:
                return (ReadPair(place.Get("cls")), ReadPair(place.Get("sep")));

            default:
                throw place.Unknown("this post-processor");
        }
    }

    private static (int? Beginning, int? End) ReadTemplate(JsonPlace place, bool mayEnd)
    {
        JsonPlace template = place.Get("single");
        JsonPlace[] parts = [.. template.Items()];
        int text = Array.FindIndex(parts, part => part.Find("Sequence") is not null);
        bool isKnown = text is 0 or 1 && parts.Length - text <= (mayEnd ? 2 : 1);
        return isKnown
            ? (text == 1 ? ReadToken(place, parts[0]) : null, parts.Length > text + 1 ? ReadToken(place, parts[^1]) : null)
            : throw template.Unknown("a template other than at most one token and the text");
    }

    private static int ReadToken(JsonPlace place, JsonPlace part)
    {
        JsonPlace name = part.Get("SpecialToken").Get("id");
        JsonPlace ids = place.Get("special_tokens").Get(name.GetText()).Get("ids");
        JsonPlace[] each = [.. ids.Items()];
        return each.Length == 1 ? each[0].GetId() : throw ids.Unknown("a special token of several ids");
    }

    /// <summary>The id of a pair of content and id.</summary>
    private static int ReadPair(JsonPlace pair)
    {
        JsonPlace[] parts = [.. pair.Items()];
        return parts.Length == 2 ? parts[1].GetId() : throw pair.Wrong("is no pair of a token and its id");
    }
}
