using System.Text.Json;
using SafeVision.Evaluation.Datasets;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Cases;

/// <summary>Reads a file of cases: which keys there are and what each may hold.</summary>
internal sealed class CaseFileReader
{
    private static readonly string[] s_fileKeys = ["cases"];
    private static readonly string[] s_caseKeys = ["name", "image", "images", "decision", "verdicts", "scores", "reason", "because", "given"];
    private static readonly string[] s_scoreKeys = ["atLeast", "atMost"];
    private static readonly string[] s_reasonKeys = ["mentions", "avoids"];
    private static readonly string[] s_editKeys = ["addIncludes", "addExcludes", "removeIncludes", "removeExcludes", "removeCategories"];
    private static readonly Verdict[] s_verdicts = Enum.GetValues<Verdict>();

    private readonly PolicyErrors _errors;
    private readonly PolicyValueReader _values;
    private readonly YamlMapReader _maps;
    private readonly string _root;

    private CaseFileReader(PolicyErrors errors, string root)
    {
        (_errors, _values, _root) = (errors, new PolicyValueReader(errors), root);
        _maps = new YamlMapReader(errors, _values, "file of cases");
    }

    /// <summary>How a verdict is written.</summary>
    public static string Word(Verdict verdict) => JsonNamingPolicy.CamelCase.ConvertName(verdict.ToString());

    /// <summary>The cases of a file.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="source">What errors call it.</param>
    /// <param name="root">The folder that images are in.</param>
    /// <exception cref="PolicyException">Something is wrong; all of it is listed.</exception>
    public static IReadOnlyList<PolicyCase> Read(string text, string source, string root)
    {
        var errors = new PolicyErrors(source);
        YamlNode? node = PolicyYamlReader.Read(text.TrimStart('\uFEFF'), errors, "file of cases");
        IReadOnlyList<PolicyCase> cases = node is null ? [] : new CaseFileReader(errors, root).ReadFile(node);
        errors.ThrowIfAny();
        return cases;
    }

    private List<PolicyCase> ReadFile(YamlNode root)
    {
        List<PolicyCase> cases = [];
        foreach ((_, _, YamlNode value) in _maps.Entries(root, "a file of cases", s_fileKeys))
        {
            if (value is not YamlList list)
            {
                _values.Mismatch("'cases'", "a list, each case beginning with '- image:'", value);
                continue;
            }

            foreach (YamlNode item in list.Items)
            {
                cases.AddRange(ReadCase(item));
            }
        }

        return cases;
    }

    private IEnumerable<PolicyCase> ReadCase(YamlNode node)
    {
        List<Placed<string>> images = [];
        var draft = new PolicyCase { Name = "", Image = "" };
        bool expects = false;
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, "a case", s_caseKeys))
        {
            expects |= key is "decision" or "verdicts" or "scores" or "reason";
            switch (key)
            {
                case "name":
                    draft = draft with { Name = _values.Text(key, value)?.Value ?? "" };
                    break;
                case "because":
                    draft = draft with { Because = _values.Text(key, value)?.Value ?? "" };
                    break;
                case "image":
                    images.AddRange(_values.Text(key, value) is { } image ? [image] : []);
                    break;
                case "images":
                    images.AddRange(_values.Texts(key, value) ?? []);
                    break;
                case "decision":
                    draft = draft with { Decisions = ReadDecisions(value) };
                    break;
                case "verdicts":
                    draft = draft with { Verdicts = ReadMap(value, "'verdicts'", ReadVerdict) };
                    break;
                case "scores":
                    draft = draft with { Scores = ReadMap(value, "'scores'", ReadBounds) };
                    break;
                case "reason":
                    draft = ReadReason(draft, value);
                    break;
                default:
                    draft = draft with { Given = ReadEdit(value) };
                    break;
            }
        }

        if (node is YamlMap && images.Count == 0)
        {
            _errors.Add(node.Place, "the case names no image; write 'image: file.jpg'");
        }

        if (node is YamlMap && !expects)
        {
            _errors.Add(node.Place, "the case expects nothing; write 'decision:', 'verdicts:', 'scores:' or 'reason:'");
        }

        foreach (Placed<string> image in images)
        {
            string name = draft.Name.Length == 0 ? image.Value : images.Count == 1 ? draft.Name : $"{draft.Name} ({image.Value})";
            if (Resolve(image) is { } path)
            {
                yield return draft with { Name = name, Image = path };
            }
        }
    }

    private string? Resolve(Placed<string> image)
    {
        try
        {
            string path = DatasetPaths.Resolve(_root, image.Value);
            if (File.Exists(path))
            {
                return path;
            }

            _errors.Add(image.Place, $"there is no image {PolicyText.Quote(image.Value)} in the folder of cases");
        }
        catch (DatasetException exception)
        {
            _errors.Add(image.Place, exception.Message);
        }

        return null;
    }

    private Decision[] ReadDecisions(YamlNode node) => node is YamlList list
        ? [.. list.Items.Select(item => _values.Decision("decision", item)).OfType<Placed<Decision>>().Select(placed => placed.Value)]
        : _values.Decision("decision", node) is { } decision ? [decision.Value] : [];

    private (bool, Verdict) ReadVerdict(string category, YamlNode node)
    {
        if (_values.Text(category, node) is not { } word)
        {
            return default;
        }

        foreach (Verdict verdict in s_verdicts)
        {
            if (Word(verdict) == word.Value)
            {
                return (true, verdict);
            }
        }

        _errors.Add(node.Place, $"{PolicyText.Quote(word.Value)} is not a verdict; it is 'safe', 'unsafe' or 'notAssessed'");
        return default;
    }

    private (bool, ScoreBounds) ReadBounds(string category, YamlNode node)
    {
        var bounds = new ScoreBounds();
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, $"the score of '{category}'", s_scoreKeys))
        {
            double? number = value is YamlText { IsPlain: true, Value: "0" } ? 0 : _values.Number(key, value)?.Value;
            if (number is > 1 or < 0)
            {
                _errors.Add(value.Place, $"'{key}' is a score, 0 to 1");
            }

            bounds = key == "atLeast" ? bounds with { AtLeast = number ?? 0 } : bounds with { AtMost = number ?? 1 };
        }

        if (bounds.AtLeast > bounds.AtMost)
        {
            _errors.Add(node.Place, "'atLeast' is above 'atMost', so no score can pass");
        }

        return (true, bounds);
    }

    private PolicyCase ReadReason(PolicyCase draft, YamlNode node)
    {
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, "'reason'", s_reasonKeys))
        {
            string[] words = Values(_values.Texts(key, value));
            draft = key == "mentions" ? draft with { Mentions = words } : draft with { Avoids = words };
        }

        return draft;
    }

    private PolicyEdit ReadEdit(YamlNode node)
    {
        PolicyEdit edit = PolicyEdit.None;
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, "'given'", s_editKeys))
        {
            edit = key switch
            {
                "removeCategories" => edit with { RemoveCategories = Values(_values.Texts(key, value)) },
                "addIncludes" => edit with { AddIncludes = ReadPhrases(key, value) },
                "addExcludes" => edit with { AddExcludes = ReadPhrases(key, value) },
                "removeIncludes" => edit with { RemoveIncludes = ReadPhrases(key, value) },
                _ => edit with { RemoveExcludes = ReadPhrases(key, value) },
            };
        }

        return edit;
    }

    private Dictionary<string, IReadOnlyList<string>> ReadPhrases(string key, YamlNode node) =>
        ReadMap<IReadOnlyList<string>>(node, $"'{key}'", (id, value) => (true, Values(_values.Texts(id, value))));

    /// <summary>The values by category; those that can't be read are left out, and reported.</summary>
    private Dictionary<string, T> ReadMap<T>(YamlNode node, string what, Func<string, YamlNode, (bool IsRead, T Value)> read)
    {
        var map = new Dictionary<string, T>(StringComparer.OrdinalIgnoreCase);
        foreach ((string key, _, YamlNode value) in _maps.Entries(node, what))
        {
            if (read(key, value) is (true, var item))
            {
                map[key] = item;
            }
        }

        return map;
    }

    private static string[] Values(List<Placed<string>>? texts) => [.. (texts ?? []).Select(text => text.Value)];
}
