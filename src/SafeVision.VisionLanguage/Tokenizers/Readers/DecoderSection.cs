using SafeVision.VisionLanguage.Tokenizers.Decoders;

namespace SafeVision.VisionLanguage.Tokenizers.Readers;

/// <summary>Reads the decoder of <c>tokenizer.json</c>.</summary>
internal static class DecoderSection
{
    public static Func<PieceDecoder> Read(JsonPlace section)
    {
        JsonPlace[] steps = [.. Flatten(section)];
        if (steps is [JsonPlace only] && only.GetText("type") == "ByteLevel")
        {
            return () => new ByteLevelDecoder();
        }

        if (steps is [JsonPlace metaspace] && metaspace.GetText("type") == "Metaspace")
        {
            string mark = metaspace.GetText("replacement");
            ByteFallbackRules spaces = new()
            {
                Replacements = mark.Length > 0 ? [(mark, " ")] : throw metaspace.Wrong("the replacement is empty"),
                DroppedFromFirst = SplitterSection.PrependScheme(metaspace) == "never" ? null : mark,
            };
            return () => new ByteFallbackDecoder(spaces);
        }

        ByteFallbackRules rules = ReadSteps(steps);
        return () => new ByteFallbackDecoder(rules);
    }

    private static IEnumerable<JsonPlace> Flatten(JsonPlace place) =>
        place.GetText("type") == "Sequence" ? place.Get("decoders").Items().SelectMany(Flatten) : [place];

    /// <summary>Replace, as often as it comes, then ByteFallback, Fuse and Strip, each at most once and in this order.</summary>
    private static ByteFallbackRules ReadSteps(JsonPlace[] steps)
    {
        ByteFallbackRules rules = new();
        List<(string, string)> replacements = [];
        int stage = 0;
        foreach (JsonPlace step in steps)
        {
            string type = step.GetText("type");
            int next = type switch { "Replace" => 0, "ByteFallback" => 1, "Fuse" => 2, "Strip" => 3, _ => -1 };
            if (next < stage || (next == stage && next > 0) || (next == 3 && stage != 2))
            {
                throw step.Unknown("this decoder at this place");
            }

            stage = next;
            switch (next)
            {
                case 0:
                    replacements.Add((NormalizerSection.PatternOf(step), step.GetText("content")));
                    break;
                case 1:
                    rules = rules with { JoinsBytes = true };
                    break;
                case 3:
                    rules = ReadStrip(step, rules);
                    break;
            }
        }

        return rules with { Replacements = replacements };
    }

    private static ByteFallbackRules ReadStrip(JsonPlace step, ByteFallbackRules rules)
    {
        string content = step.GetText("content");
        bool isKnown = content.Length == 1 && step.Get("stop").GetId() == 0;
        return isKnown ? rules with { Stripped = content[0], StrippedCount = step.Get("start").GetId() } : throw step.Unknown("this strip");
    }
}
