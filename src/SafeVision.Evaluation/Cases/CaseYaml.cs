using System.Globalization;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace SafeVision.Evaluation.Cases;

/// <summary>A value of a file of cases, and where it stands; both parts count from 1.</summary>
internal abstract record CaseNode(int Line, int Column);

internal sealed record CaseText(int Line, int Column, string Value, bool IsPlain) : CaseNode(Line, Column);

internal sealed record CaseList(int Line, int Column, IReadOnlyList<CaseNode> Items) : CaseNode(Line, Column);

internal sealed record CaseMap(int Line, int Column, IReadOnlyList<(CaseText Key, CaseNode Value)> Entries) : CaseNode(Line, Column);

/// <summary>
/// Reads the plain part of YAML, mappings, lists and scalars, into values with places, and collects what is wrong with a file.
/// Anchors, aliases (which can unfold a small file into gigabytes) and tags are refused, and so is what is deeper or longer than
/// any file of cases.
/// </summary>
/// <param name="source">What mistakes call the file.</param>
internal sealed class CaseYaml(string source)
{
    private const int Deepest = 8;
    private const int MostNodes = 1_000_000;
    private const int MostMistakes = 100;

    private static readonly string[] s_decisions = ["allow", "review", "block"];

    private readonly List<(int Line, int Column, string Message)> _mistakes = [];
    private int _nodes;

    /// <summary>The root of a text; null where it is empty or cannot be read on.</summary>
    public CaseNode? Read(string text)
    {
        // The scanner takes U+0000 for the end and would drop what follows.
        if (text.IndexOf('\0') is >= 0 and var at)
        {
            Add(text.AsSpan(0, at).Count('\n') + 1, 1, "the character U+0000 may not stand in a file of cases");
            return null;
        }

        var parser = new Parser(new Scanner(new StringReader(text), skipComments: true));
        try
        {
            parser.Consume<StreamStart>();
            if (!parser.TryConsume<DocumentStart>(out _))
            {
                return null;
            }

            CaseNode? root = ReadNode(parser, 1);
            parser.Consume<DocumentEnd>();
            if (parser.TryConsume<DocumentStart>(out DocumentStart? second))
            {
                Add((int)second.Start.Line, (int)second.Start.Column, "a second document begins here; a file holds one list of cases");
            }

            return root;
        }
        catch (YamlException exception)
        {
            Add((int)exception.Start.Line, (int)exception.Start.Column, $"not valid YAML: {exception.Message.ReplaceLineEndings(" ")}");
        }
        catch (InvalidOperationException)
        {
            // The parser's own mistake, at some mappings that are not closed.
            Add(1, 1, "not valid YAML: a '{', '[', ':' or quotation is not ended as it should be");
        }

        return null;
    }

    /// <summary>Writes a mistake down.</summary>
    public void Add(CaseNode node, string message) => Add(node.Line, node.Column, message);

    /// <exception cref="CaseFileException">There are mistakes; the first hundred are listed.</exception>
    public void ThrowIfAny()
    {
        if (_mistakes.Count > 0)
        {
            throw new CaseFileException(string.Join('\n', _mistakes.Order().Select(mistake => $"{source}:{mistake.Line}:{mistake.Column}: {mistake.Message}")));
        }
    }

    /// <summary>The entries of a mapping. Unknown keys and those that stand twice are reported and left out; so is a value that is no mapping.</summary>
    /// <param name="node">The mapping.</param>
    /// <param name="what">What it is, in mistakes: "a case".</param>
    /// <param name="known">The keys that it may have; null: any.</param>
    public IEnumerable<(string Key, CaseNode Value)> Entries(CaseNode node, string what, string[]? known = null)
    {
        if (node is not CaseMap map)
        {
            Mismatch(what, known is null ? "a mapping" : $"a mapping with '{string.Join("', '", known)}'", node);
            yield break;
        }

        var seen = new HashSet<string>(known is null ? StringComparer.OrdinalIgnoreCase : StringComparer.Ordinal);
        foreach ((CaseText key, CaseNode value) in map.Entries)
        {
            if (known is not null && !known.Contains(key.Value, StringComparer.Ordinal))
            {
                Add(key, $"unknown key {Quote(key.Value)}; {(Near(key.Value, known) is { } near ? $"did you mean '{near}'?" : $"{what} has '{string.Join("', '", known)}'")}");
            }
            else if (!seen.Add(key.Value))
            {
                Add(key, $"key {Quote(key.Value)} stands twice");
            }
            else
            {
                yield return (key.Value, value);
            }
        }
    }

    /// <summary>A text; null, and reported, where it is another kind of value: nothing that YAML reads as a number or a boolean is taken for text.</summary>
    public CaseText? Text(string what, CaseNode node)
    {
        if (node is CaseText text && Kind(node) == "text")
        {
            return text;
        }

        Mismatch(what, Kind(node) is "a number" or "a boolean" ? "text; put it in quotes" : "text", node);
        return null;
    }

    /// <summary>The texts of a list; those that are none are reported.</summary>
    public IReadOnlyList<CaseText> Texts(string key, CaseNode node)
    {
        if (node is CaseList list)
        {
            return [.. list.Items.Select(item => Text($"a phrase in '{key}'", item)).OfType<CaseText>()];
        }

        Mismatch($"'{key}'", $"a list; write '{key}: [first phrase, second phrase]'", node);
        return [];
    }

    /// <summary>A score, 0 to 1; null, and reported, where it is none.</summary>
    public double? Score(string key, CaseNode node)
    {
        if (node is CaseText { IsPlain: true } text && double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out double score) && score is >= 0 and <= 1)
        {
            return score;
        }

        Add(node, $"'{key}' is a score, 0 to 1");
        return null;
    }

    /// <summary>A decision; null, and reported, where it is none.</summary>
    public Decision? DecisionOf(CaseNode node)
    {
        if (Text("'decision'", node) is not { } word)
        {
            return null;
        }

        if (s_decisions.Contains(word.Value, StringComparer.Ordinal))
        {
            return Enum.Parse<Decision>(word.Value, ignoreCase: true);
        }

        Add(node, $"{Quote(word.Value)} is not a decision for 'decision'; {(Near(word.Value, s_decisions) is { } near ? $"did you mean '{near}'?" : "it is 'allow', 'review' or 'block'")}");
        return null;
    }

    /// <summary>Reports that something holds another kind of value than it must.</summary>
    public void Mismatch(string what, string expected, CaseNode node) => Add(node, $"{what} is {Kind(node)}; it must be {expected}");

    /// <summary>A word of the file in quotation marks, fit for a message: short and without what cannot be seen.</summary>
    public static string Quote(string word)
    {
        string shown = word.Length <= 60 ? word : string.Concat(word.AsSpan(0, 59), "…");
        return $"'{string.Concat(shown.Select(letter => char.GetUnicodeCategory(letter) is UnicodeCategory.Control or UnicodeCategory.Format ? '\uFFFD' : letter))}'";
    }

    private static string Kind(CaseNode node) => node switch
    {
        CaseList => "a list",
        CaseMap => "a mapping",
        CaseText { IsPlain: true, Value: "" or "~" or "null" or "Null" or "NULL" } => "null",
        CaseText { IsPlain: true, Value: "true" or "True" or "TRUE" or "false" or "False" or "FALSE" } => "a boolean",
        CaseText { IsPlain: true } text when double.TryParse(text.Value, NumberStyles.Float, CultureInfo.InvariantCulture, out _) => "a number",
        _ => "text",
    };

    /// <summary>The word of which at most a third of the letters must change (Levenshtein 1966).</summary>
    private static string? Near(string word, string[] known)
    {
        if (word.Length > 100)
        {
            return null;
        }

        (string Word, int Distance) nearest = known.Select(one => (one, Distance(word, one))).MinBy(pair => pair.Item2);
        return nearest.Distance <= Math.Max(1, word.Length / 3) ? nearest.Word : null;

        static int Distance(string left, string right)
        {
            int[] row = [.. Enumerable.Range(0, right.Length + 1)];
            for (int i = 1; i <= left.Length; i++)
            {
                int diagonal = row[0]++;
                for (int j = 1; j <= right.Length; j++)
                {
                    (diagonal, row[j]) = (row[j], Math.Min(Math.Min(row[j], row[j - 1]) + 1, diagonal + (left[i - 1] == right[j - 1] ? 0 : 1)));
                }
            }

            return row[^1];
        }
    }

    private CaseNode? ReadNode(Parser parser, int depth)
    {
        ParsingEvent current = parser.Consume<ParsingEvent>();
        (int line, int column) = ((int)current.Start.Line, (int)current.Start.Column);
        if (depth > Deepest || ++_nodes > MostNodes)
        {
            throw new YamlException(current.Start, current.End, depth > Deepest ? $"nested more than {Deepest} deep" : $"more than {MostNodes} values");
        }

        if (current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false } or NodeEvent { Tag.IsEmpty: false })
        {
            Add(line, column, "anchors ('&'), aliases ('*') and tags ('!') are not supported in a file of cases; write the value out");
        }

        switch (current)
        {
            case Scalar scalar:
                return new CaseText(line, column, scalar.Value, scalar.Style == ScalarStyle.Plain);
            case SequenceStart:
                List<CaseNode> items = [];
                while (!parser.TryConsume<SequenceEnd>(out _))
                {
                    items.AddRange(ReadNode(parser, depth + 1) is { } item ? [item] : []);
                }

                return new CaseList(line, column, items);
            case MappingStart:
                List<(CaseText, CaseNode)> entries = [];
                while (!parser.TryConsume<MappingEnd>(out _))
                {
                    CaseNode? key = ReadNode(parser, depth + 1), value = ReadNode(parser, depth + 1);
                    if (key is CaseText text && value is not null)
                    {
                        entries.Add((text, value));
                    }
                    else if (key is not null and not CaseText)
                    {
                        Add(key, "a key must be a word, not a list or a mapping");
                    }
                }

                return new CaseMap(line, column, entries);
            default:
                return null;
        }
    }

    private void Add(int line, int column, string message)
    {
        if (_mistakes.Count < MostMistakes)
        {
            _mistakes.Add((line, column, message));
        }
    }
}
