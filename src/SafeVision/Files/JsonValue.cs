namespace SafeVision.Files;

/// <summary>A value in a JSON file that a stranger may have written; it may be missing. What is wrong with it is said with the
/// file, the path and what stands there, as an exception of the kind that the reader of the file throws. Immutable.</summary>
public readonly struct JsonValue
{
    private const int LongestQuote = 120;

    private readonly JsonElement? _element;
    private readonly Func<string, Exception?, Exception> _error;
    private readonly string _owner;
    private readonly string? _name;
    private readonly int _index;

    private JsonValue(string file, string owner, JsonElement? element, Func<string, Exception?, Exception> error, string? name = null, int index = -1) =>
        (File, _owner, _element, _error, _name, _index) = (file, owner, element, error, name, index);

    /// <summary>The file, for errors.</summary>
    public string File { get; }

    /// <summary>The path in the file, such as <c>$.model.merges[3]</c>; written only when it is asked for, since a list may have hundreds of thousands of items.</summary>
    public string Path => _index >= 0 ? $"{_owner}[{_index}]" : _name is null ? _owner : _owner.Length == 0 ? _name : $"{_owner}.{_name}";

    /// <summary>The file, and behind it the path in it where there is one: how a message of one's own begins.</summary>
    public string Where => Path is { Length: > 0 } path ? $"{File}: {path}" : File;

    /// <summary>Whether the value is there and not null.</summary>
    public bool Exists => _element is { ValueKind: not JsonValueKind.Null };

    /// <summary>The value as JSON.</summary>
    /// <exception cref="Exception">It is missing; of the reader's kind, as all errors of this type.</exception>
    public JsonElement Json => Exists ? _element!.Value : throw Missing("a value");

    /// <summary>Whether it is a text.</summary>
    public bool IsText => _element is { ValueKind: JsonValueKind.String };

    /// <summary>Whether it is a list.</summary>
    public bool IsArray => _element is { ValueKind: JsonValueKind.Array };

    /// <summary>Whether it is an object.</summary>
    public bool IsObject => _element is { ValueKind: JsonValueKind.Object };

    /// <summary>A property; a missing value where this is no object or has none of that name.</summary>
    public JsonValue this[string name]
    {
        get
        {
            try
            {
                return new(File, Path, _element is { ValueKind: JsonValueKind.Object } json && json.TryGetProperty(name, out JsonElement property) ? property : null, _error, name);
            }
            catch (InvalidOperationException)
            {
                throw Invalid("has a name that is not well-formed Unicode");
            }
        }
    }

    /// <summary>A file that is not there: a missing value.</summary>
    /// <param name="file">The file, for errors.</param>
    /// <param name="error">Makes an error from its message and its cause.</param>
    /// <param name="root">How the path of a value begins.</param>
    public static JsonValue Absent(string file, Func<string, Exception?, Exception> error, string root = "") => new(file, root, null, error);

    /// <summary>Reads a file's bytes: UTF-8, with or without a mark at its beginning, at most 64 deep.</summary>
    /// <param name="file">The file, for errors.</param>
    /// <param name="bytes">What it holds; <see cref="RegularFile.ReadAllBytes"/> bounds it.</param>
    /// <param name="error">Makes an error from its message and its cause.</param>
    /// <param name="isLenient">Whether comments, trailing commas and properties that stand twice are let pass. Default: false.</param>
    /// <param name="root">How the path of a value begins.</param>
    /// <exception cref="Exception">It is no JSON; of the kind that <paramref name="error"/> makes.</exception>
    public static JsonValue Parse(string file, ReadOnlySpan<byte> bytes, Func<string, Exception?, Exception> error, bool isLenient = false, string root = "")
    {
        ArgumentNullException.ThrowIfNull(error);
        try
        {
            var options = new JsonDocumentOptions
            {
                MaxDepth = 64,
                AllowDuplicateProperties = isLenient,
                AllowTrailingCommas = isLenient,
                CommentHandling = isLenient ? JsonCommentHandling.Skip : JsonCommentHandling.Disallow,
            };
            return new JsonValue(file, root, JsonElement.Parse(bytes.StartsWith("\uFEFF"u8) ? bytes[3..] : bytes, options), error);
        }
        catch (Exception exception) when (exception is JsonException or InvalidOperationException)
        {
            throw error($"{file}: is no {(isLenient ? "valid " : "")}JSON: {exception.Message} Copy the file again from where it was published.", exception);
        }
    }

    /// <summary>The first of these properties that exists; the first, missing, where none does.</summary>
    public JsonValue Any(params ReadOnlySpan<string> names)
    {
        foreach (string name in names)
        {
            if (this[name] is { Exists: true } found)
            {
                return found;
            }
        }

        return this[names[0]];
    }

    /// <summary>A property that is there and not null, or null; this must be an object.</summary>
    public JsonValue? Find(string name)
    {
        Expect(JsonValueKind.Object, "an object");
        return this[name] is { Exists: true } found ? found : null;
    }

    /// <summary>A property that must be there.</summary>
    public JsonValue Get(string name) => Find(name) ?? throw Invalid($"{name} is missing");

    /// <summary>This value, which must be an object.</summary>
    /// <param name="mayBeMissing">Whether it may be missing instead; all its properties then are. Default: false.</param>
    public JsonValue Object(bool mayBeMissing = false) => IsObject || (mayBeMissing && !Exists) ? this : throw Wrong("an object");

    /// <summary>The items of a list; none where it is missing.</summary>
    /// <param name="most">The most that it may have.</param>
    public IEnumerable<JsonValue> Items(int most = int.MaxValue)
    {
        if (!Exists)
        {
            return [];
        }

        Expect(JsonValueKind.Array, "a list");
        JsonElement list = _element!.Value;
        if (list.GetArrayLength() > most)
        {
            throw Wrong($"an array of at most {most} items");
        }

        (string file, string path, Func<string, Exception?, Exception> error) = (File, Path, _error);
        return list.EnumerateArray().Select((item, index) => new JsonValue(file, path, item, error, index: index));
    }

    /// <summary>The whole numbers of a list, each within bounds; none where it is missing.</summary>
    /// <param name="least">The least that each may be.</param>
    /// <param name="most">The most that each may be.</param>
    /// <param name="count">The most that there may be.</param>
    public int[] Integers(int least, int most, int count = 1 << 16) => [.. Items(count).Select(item => item.Integer(least, most))];

    /// <summary>The properties of an object, in order; none where it is missing.</summary>
    public IEnumerable<(string Name, JsonValue Value)> Members()
    {
        if (!Exists)
        {
            yield break;
        }

        Expect(JsonValueKind.Object, "an object");
        string path = Path;
        foreach (JsonProperty member in _element!.Value.EnumerateObject())
        {
            string name;
            try
            {
                name = member.Name;
            }
            catch (InvalidOperationException)
            {
                throw Invalid("has a name that is not well-formed Unicode");
            }

            yield return (name, new JsonValue(File, path, member.Value, _error, name));
        }
    }

    /// <summary>A whole number within bounds; <paramref name="otherwise"/> where it is missing, and an error where that is null.</summary>
    public int Integer(int least, int most, int? otherwise = null) => !Exists
        ? otherwise ?? throw Missing($"a whole number from {least} to {most}")
        : _element!.Value.ValueKind == JsonValueKind.Number && _element.Value.TryGetInt32(out int number) && number >= least && number <= most
            ? number
            : throw Wrong($"a whole number from {least} to {most}");

    /// <summary>A finite number; <paramref name="otherwise"/> where it is missing, and an error where that is null.</summary>
    public double Number(double? otherwise = null) => !Exists
        ? otherwise ?? throw Missing("a number")
        : _element!.Value.ValueKind == JsonValueKind.Number && _element.Value.TryGetDouble(out double number) && double.IsFinite(number)
            ? number
            : throw Wrong("a number");

    /// <summary>True or false; <paramref name="otherwise"/> where it is missing.</summary>
    public bool Boolean(bool otherwise) => !Exists ? otherwise : _element!.Value.ValueKind switch
    {
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => throw Wrong("true or false"),
    };

    /// <summary>True or false; null where it is missing.</summary>
    public bool? Boolean() => Exists ? Boolean(false) : null;

    /// <summary>A text; <paramref name="otherwise"/> where it is missing.</summary>
    [return: NotNullIfNotNull(nameof(otherwise))]
    public string? Text(string? otherwise = null)
    {
        if (!Exists)
        {
            return otherwise;
        }

        if (!IsText)
        {
            throw Wrong("a text");
        }

        try
        {
            return _element!.Value.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw Invalid("is not well-formed Unicode");
        }
    }

    /// <summary>A text that must be there.</summary>
    public string RequiredText() => Text() ?? throw Missing("a text");

    /// <summary>An error: what stands here, and what was expected.</summary>
    public Exception Wrong(string expected) => _element is null ? Missing(expected) : _error($"{File}: '{Path}' is {Quote()}; expected {expected}.", null);

    /// <summary>An error: where, what is wrong, and what stands here.</summary>
    public Exception Invalid(string what) => _error($"{File}: {Path}: {what}: {Quote()}", null);

    private Exception Missing(string expected) => _error($"{File}: '{Path}' is missing; expected {expected}.", null);

    private void Expect(JsonValueKind kind, string what)
    {
        if (_element?.ValueKind != kind)
        {
            throw Invalid($"is not {what}");
        }
    }

    /// <summary>What stands here, which need not be well-formed.</summary>
    private string Quote()
    {
        string quote = _element is { } element ? Encoding.UTF8.GetString(JsonMarshal.GetRawUtf8Value(element)) : "missing";
        return quote.Length > LongestQuote ? $"{quote.AsSpan(0, LongestQuote)}…" : quote;
    }
}
