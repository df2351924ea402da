namespace SafeVision.VisionLanguage.Families;

/// <summary>What all families' text models have in common: ids, marks and lengths, wherever published files keep them.</summary>
internal static class LanguageSettings
{
    private const int LongestContext = 1 << 24;
    private const int MostStopTokens = 64;

    /// <summary>The most tokens that the text model was made for, or that its export takes.</summary>
    /// <param name="otherwise">What a configuration that leaves it out means; null: it must say it.</param>
    public static int ContextLength(ModelConfiguration configuration, int? otherwise = null)
    {
        JsonValue positions = Text(configuration)["max_position_embeddings"];
        JsonValue exported = configuration.GenAI["model"]["context_length"];
        return exported.Exists
            ? Math.Min(exported.Integer(1, LongestContext), positions.Integer(1, LongestContext, LongestContext))
            : positions.Integer(1, LongestContext, otherwise);
    }

    /// <summary>The ids that end an answer: those of generation_config.json, or of the text model where it has none, and the marks that end a turn.</summary>
    public static IReadOnlyList<int> StopTokens(ModelConfiguration configuration, TextTokenizer tokenizer, params ReadOnlySpan<string> endMarks)
    {
        var ids = new SortedSet<int>();
        foreach (JsonValue value in (ReadOnlySpan<JsonValue>)[configuration.Generation["eos_token_id"], configuration.GenAI["model"]["eos_token_id"]])
        {
            ids.UnionWith(Ids(value));
        }

        if (ids.Count == 0)
        {
            ids.UnionWith(Ids(Text(configuration)["eos_token_id"]));
        }

        foreach (string mark in endMarks)
        {
            if (tokenizer.Find(mark) is int id)
            {
                ids.Add(id);
            }
        }

        return ids.Count > 0
            ? [.. ids]
            : throw new ModelLoadException($"{configuration.Folder}: nothing says which token ends an answer. Copy generation_config.json ('eos_token_id') of the checkpoint here.");
    }

    /// <summary>The id of the token whose embedding is replaced by an image feature.</summary>
    /// <param name="configured">Where the family's configuration states it; may be missing.</param>
    /// <exception cref="ModelLoadException">The two disagree, or neither knows it.</exception>
    public static int ImageToken(JsonValue configured, TextTokenizer tokenizer, string token)
    {
        int? known = tokenizer.Find(token);
        if (!configured.Exists)
        {
            return known ?? throw configured.Wrong($"the id of the image token, since the tokenizer has no '{token}'");
        }

        int id = configured.Integer(0, int.MaxValue);
        return known is null || known == id ? id : throw configured.Wrong($"{known}, which is the id of '{token}' in the tokenizer");
    }

    /// <summary>How conversations are written down for the model, and the mark that stands in them for an image: that
    /// of the candidates which a trial conversation with one image has once.</summary>
    /// <param name="tokenizer">Says whether it puts a token in front of every text.</param>
    /// <param name="marks">The candidates, likeliest first.</param>
    /// <param name="otherwise">The family's chat template for folders without one; null where there is none.</param>
    /// <param name="repeatsBeginning">Whether a prompt begins with the template's own beginning behind the tokenizer's.</param>
    /// <exception cref="ModelLoadException">The trial has none of the marks, or one several times: images would go missing.</exception>
    public static (ConversationTemplate Template, string Mark) Conversation(
        ModelConfiguration configuration, TextTokenizer tokenizer, IReadOnlyList<string> marks, string? otherwise, bool repeatsBeginning = false)
    {
        foreach (string mark in marks)
        {
            ConversationTemplate template = ConversationTemplates.Read(
                configuration, mark, tokenizerWritesBeginning: tokenizer.BeginningOfText is not null && !repeatsBeginning, otherwise: otherwise);
            string trial = template.Render(null, [ConversationPart.Image, new ConversationPart(PromptText.Trusted("?"))]).Text;
            int first = trial.IndexOf(mark, StringComparison.Ordinal);
            if (first >= 0 && trial.IndexOf(mark, first + mark.Length, StringComparison.Ordinal) < 0)
            {
                return (template, mark);
            }
        }

        throw new ModelLoadException($"{configuration.Folder}: the conversation template does not write one mark for one image. Known are {string.Join(", ", marks)}.");
    }

    /// <summary>Checks that a number, where a file states it, is the one that follows from others.</summary>
    public static void Require(this JsonValue stated, int known, string because)
    {
        if (stated.Integer(1, ImageBudget.MostTokens, known) != known)
        {
            throw stated.Wrong($"{known}, {because}");
        }
    }

    private static JsonValue Text(ModelConfiguration configuration) => TextSettings.PartOf(configuration.Config);

    private static IEnumerable<int> Ids(JsonValue value)
    {
        if (!value.Exists)
        {
            return [];
        }

        return value.IsArray ? value.Items(MostStopTokens).Select(id => id.Integer(0, int.MaxValue)) : [value.Integer(0, int.MaxValue)];
    }
}

/// <summary>What all families' image processors have in common: <c>preprocessor_config.json</c> or, as newer
/// checkpoints have it, the <c>image_processor</c> of <c>processor_config.json</c>.</summary>
internal readonly struct PreprocessorSettings
{
    private const double LargestValue = 1e6;

    // Means and standard deviations of families whose files may name none.
    public static readonly ChannelValues Half = ChannelValues.All(0.5);
    public static readonly ChannelValues ClipMean = new(0.48145466, 0.4578275, 0.40821073);
    public static readonly ChannelValues ClipStd = new(0.26862954, 0.26130258, 0.27577711);

    private static readonly ResampleFilter[] s_filters =
        [ResampleFilter.Nearest, ResampleFilter.Lanczos, ResampleFilter.Bilinear, ResampleFilter.Bicubic, ResampleFilter.Box, ResampleFilter.Hamming];

    private PreprocessorSettings(JsonValue values) => Values = values;

    public JsonValue Values { get; }

    /// <exception cref="ModelLoadException">It has none. A family's usual values would be a guess, and a wrong one changes what the model sees without a word.</exception>
    public static PreprocessorSettings Read(ModelConfiguration configuration)
    {
        JsonValue own = configuration.Preprocessor, nested = configuration.Processor["image_processor"];
        return own.Exists ? new(own)
            : nested.Exists ? new(nested)
            : configuration.Has("genai_config.json") ? new(own) // that layout keeps them in a form of its own
            : throw new ModelLoadException($"{Path.Combine(configuration.Folder, "preprocessor_config.json")}: is missing; it says how images are prepared. Copy it from the checkpoint that the model was made of.");
    }

    /// <summary>How bytes become network inputs, from <c>rescale_factor</c>, <c>image_mean</c> and <c>image_std</c>.</summary>
    /// <param name="mean">The mean where the settings name none; null: they must.</param>
    /// <param name="std">The standard deviation where the settings name none; null: they must.</param>
    public ChannelTables Normalisation(ChannelValues? mean = null, ChannelValues? std = null)
    {
        double rescale = 1;
        if (Values["do_rescale"].Boolean(true))
        {
            rescale = Values["rescale_factor"].Number(1.0 / 255);
            if (rescale is not (> 0 and <= LargestValue))
            {
                throw Values["rescale_factor"].Wrong("a number greater than 0");
            }
        }

        return Values["do_normalize"].Boolean(true)
            ? new ChannelTables(rescale, Channels("image_mean", mean, -LargestValue), Channels("image_std", std, 1 / LargestValue))
            : new ChannelTables(rescale, ChannelValues.All(0), ChannelValues.All(1));
    }

    /// <summary>Fails where images are taken only as large as they are.</summary>
    public void RequireResize()
    {
        if (!Values["do_resize"].Boolean(true))
        {
            throw Values["do_resize"].Wrong("true: images of any size are resized");
        }
    }

    /// <summary>The kernel; <c>resample</c> is Pillow's number for it.</summary>
    public ResampleFilter Filter(ResampleFilter otherwise) => Values["resample"] is { Exists: true } number
        ? s_filters[number.Integer(0, s_filters.Length - 1)]
        : otherwise;

    /// <summary>The side of a square, written as a number, as [height, width] or as an object of height and width; null
    /// where there is none.</summary>
    /// <exception cref="Inference.ModelLoadException">It is no square, or too large.</exception>
    public static int? Square(JsonValue size)
    {
        if (!size.Exists)
        {
            return null;
        }

        (JsonValue height, JsonValue width) = (size, size);
        if (size.IsArray)
        {
            JsonValue[] sides = [.. size.Items(2)];
            (height, width) = sides.Length == 2 ? (sides[0], sides[1]) : throw size.Wrong("[height, width]");
        }
        else if (size.IsObject)
        {
            (height, width) = (size["height"], size["width"]);
        }

        int side = height.Integer(1, ImageBudget.LongestTile);
        return width.Integer(1, ImageBudget.LongestTile) == side ? side : throw width.Wrong($"{side}, the same as its height");
    }

    private ChannelValues Channels(string name, ChannelValues? otherwise, double least)
    {
        JsonValue value = Values[name];
        if (!value.Exists && otherwise is { } known)
        {
            return known;
        }

        if (!value.IsArray)
        {
            return ChannelValues.All(Channel(value, least));
        }

        JsonValue[] channels = [.. value.Items(3)];
        return channels.Length == 3
            ? new ChannelValues(Channel(channels[0], least), Channel(channels[1], least), Channel(channels[2], least))
            : throw value.Wrong("three numbers, for red, green and blue");
    }

    private static double Channel(JsonValue value, double least)
    {
        double number = value.Number();
        return number >= least && number <= LargestValue ? number : throw value.Wrong(least > 0 ? "a number greater than 0" : "a number");
    }
}
