using YamlDotNet.Core.Events;

namespace SafeVision.Policies;

/// <summary>Reads YAML text into nodes with positions. It takes the plain part of YAML only: one document of mappings, lists and
/// scalars. Aliases (which can unfold a small file into gigabytes), tags and directives are refused.</summary>
internal sealed class PolicyYamlReader
{
    // A policy is four deep. The parser slows down with the square of the depth, so this is also a limit on time.
    private const int Deepest = 8;

    // More than the largest file that the other limits allow.
    private const int MostNodes = 1_000_000;

    private readonly Parser _parser;
    private readonly PolicyErrors _errors;
    private readonly string _document;
    private readonly YamlMistakes _mistakes;
    private int _nodes;
    private Place _last = new(1, 1);

    private PolicyYamlReader(string text, PolicyErrors errors, string document)
    {
        _parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        _errors = errors;
        _document = document;
        _mistakes = new YamlMistakes(text);
    }

    /// <summary>The root of the document; null after an error that left nothing to look at.</summary>
    public static YamlNode? Read(string text, PolicyErrors errors, string document = "policy")
    {
        // The scanner takes U+0000 for the end of the text and would drop what follows: look first.
        if (!YamlCharacters.Check(text, errors, document))
        {
            return null;
        }

        try
        {
            return new PolicyYamlReader(text, errors, document).ReadDocument();
        }
        catch (RefusedException refused)
        {
            errors.Add(refused.Place, refused.Message);
            return null;
        }
    }

    private YamlNode? ReadDocument()
    {
        Next<StreamStart>();
        ParsingEvent first = Next<ParsingEvent>();
        if (first is not DocumentStart start)
        {
            return null;
        }

        if (start.Version is not null || start.Tags?.Any(tag => (tag.Handle, tag.Prefix) is not (("!", "!") or ("!!", "tag:yaml.org,2002:"))) is true)
        {
            _errors.Add(At(start.Start), $"directives ('%…') are not supported in a {_document}");
        }

        YamlNode root = ReadNode(Next<ParsingEvent>(), 1);
        Next<DocumentEnd>();
        if (Next<ParsingEvent>() is DocumentStart second)
        {
            throw new RefusedException(At(second.Start), $"a second document begins here; a file holds one {_document}");
        }

        return root;
    }

    private YamlNode ReadNode(ParsingEvent current, int depth)
    {
        Place place = At(current.Start);
        if (depth > Deepest)
        {
            throw new RefusedException(place, $"nested more than {Deepest} deep, which no {_document} needs");
        }

        if (++_nodes > MostNodes)
        {
            throw new RefusedException(place, $"the file holds more values than any {_document} can");
        }

        YamlNode node = current switch
        {
            Scalar scalar => ReadText(scalar, place),
            SequenceStart => new YamlList(place, ReadItems(depth)),
            MappingStart => ReadMap(place, depth),
            _ => new YamlRefused(place),
        };
        return Refusal(current) is string refusal ? Refuse(place, refusal) : node;
    }

    private YamlNode ReadText(Scalar scalar, Place place)
    {
        bool isPlain = scalar.Style == ScalarStyle.Plain;
        return isPlain && _mistakes.SwallowedItem(place.Line, (int)scalar.End.Line) is Place item
            ? Refuse(item, "this line begins with '-', but its indentation makes it part of the text above; align it with the '-' of that text")
            : new YamlText(place, scalar.Value, isPlain);
    }

    private YamlMap ReadMap(Place place, int depth)
    {
        List<YamlEntry> entries = ReadEntries(depth);

        // A mapping inside a list, [a: b], comes without a position of its own.
        bool isUnplaced = depth > 1 && place == new Place(1, 1);
        return new YamlMap(isUnplaced && entries.Count > 0 ? entries[0].Key.Place : place, entries);
    }

    private string? Refusal(ParsingEvent current) => current switch
    {
        AnchorAlias alias => $"aliases ({PolicyText.Quote($"*{alias.Value}")}) are not supported in a {_document}; write the value out",
        NodeEvent { Anchor.IsEmpty: false } node => $"anchors ({PolicyText.Quote($"&{node.Anchor}")}) are not supported in a {_document}",
        NodeEvent { Tag.IsEmpty: false } node => $"tags ({PolicyText.Quote(node.Tag.Value)}) are not supported in a {_document}",
        _ => null,
    };

    private YamlRefused Refuse(Place place, string message)
    {
        _errors.Add(place, message);
        return new YamlRefused(place);
    }

    private List<YamlNode> ReadItems(int depth)
    {
        List<YamlNode> items = [];
        for (ParsingEvent current = Next<ParsingEvent>(); current is not SequenceEnd; current = Next<ParsingEvent>())
        {
            items.Add(ReadNode(current, depth + 1));
        }

        return items;
    }

    private List<YamlEntry> ReadEntries(int depth)
    {
        List<YamlEntry> entries = [];
        for (ParsingEvent current = Next<ParsingEvent>(); current is not MappingEnd; current = Next<ParsingEvent>())
        {
            YamlNode key = ReadNode(current, depth + 1);
            YamlNode value = ReadNode(Next<ParsingEvent>(), depth + 1);
            if (key is YamlText text)
            {
                entries.Add(new YamlEntry(new(text.Value, text.Place), value));
            }
            else if (key is not YamlRefused)
            {
                _errors.Add(key.Place, "a key must be a word, not a list or a mapping");
            }
        }

        return entries;
    }

    private TEvent Next<TEvent>()
        where TEvent : ParsingEvent
    {
        try
        {
            if (_parser.MoveNext() && _parser.Current is TEvent next)
            {
                _last = At(next.End);
                return next;
            }
        }
        catch (YamlException exception)
        {
            throw new RefusedException(_mistakes.Place(exception), YamlMistakes.Message(exception));
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // The parser has mistakes of its own: at some mappings that are not closed it throws InvalidOperationException,
            // at others it just ends.
        }

        throw new RefusedException(_last, "not valid YAML: what begins here or before, such as '{', '[', ':' or a quotation, is not ended as it should be");
    }

    private static Place At(in Mark mark) => new((int)mark.Line, (int)mark.Column);

    /// <summary>Leaves the reading where going on would cost too much or mean nothing.</summary>
    private sealed class RefusedException(Place place, string message) : Exception(message)
    {
        public Place Place { get; } = place;
    }
}

/// <summary>A value of a policy file and where it begins.</summary>
internal abstract record YamlNode(Place Place);

/// <summary>A scalar. A plain one (without quotes) may be null, a boolean or a number by the rules of YAML 1.2.</summary>
internal sealed record YamlText(Place Place, string Value, bool IsPlain) : YamlNode(Place);

internal sealed record YamlList(Place Place, IReadOnlyList<YamlNode> Items) : YamlNode(Place);

/// <summary>A mapping; keys may repeat.</summary>
internal sealed record YamlMap(Place Place, IReadOnlyList<YamlEntry> Entries) : YamlNode(Place);

/// <summary>A value that was refused, and reported, while reading.</summary>
internal sealed record YamlRefused(Place Place) : YamlNode(Place);

/// <summary>A key of a mapping and its value.</summary>
internal readonly record struct YamlEntry(Placed<string> Key, YamlNode Value);
