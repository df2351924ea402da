using System.Text.Json;
using SafeVision.Evaluation.Datasets;

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

    private readonly CaseYaml _yaml;
    private readonly string _root;

    private CaseFileReader(CaseYaml yaml, string root) => (_yaml, _root) = (yaml, root);

    /// <summary>How a verdict is written.</summary>
    public static string Word(Verdict verdict) => JsonNamingPolicy.CamelCase.ConvertName(verdict.ToString());

    /// <summary>How a decision is written.</summary>
    public static string Word(Decision decision) => JsonNamingPolicy.CamelCase.ConvertName(decision.ToString());

    /// <summary>The cases of a file.</summary>
    /// <param name="text">The file's text.</param>
    /// <param name="source">What errors call it.</param>
    /// <param name="root">The folder that images are in.</param>
    /// <exception cref="CaseFileException">Something is wrong; all of it is listed.</exception>
    public static IReadOnlyList<PolicyCase> Read(string text, string source, string root)
    {
        var yaml = new CaseYaml(source);
        CaseNode? node = yaml.Read(text.TrimStart('\uFEFF'));
        IReadOnlyList<PolicyCase> cases = node is null ? [] : new CaseFileReader(yaml, root).ReadFile(node);
        yaml.ThrowIfAny();
        return cases;
    }

    private List<PolicyCase> ReadFile(CaseNode root)
    {
        List<PolicyCase> cases = [];
        foreach ((_, CaseNode value) in _yaml.Entries(root, "a file of cases", s_fileKeys))
        {
            if (value is not CaseList list)
            {
                _yaml.Mismatch("'cases'", "a list, each case beginning with '- image:'", value);
                continue;
            }

            foreach (CaseNode item in list.Items)
            {
                cases.AddRange(ReadCase(item));
            }
        }

        return cases;
    }

    private IEnumerable<PolicyCase> ReadCase(CaseNode node)
    {
        List<CaseText> images = [];
        var draft = new PolicyCase { Name = "", Image = "" };
        bool expects = false;
        foreach ((string key, CaseNode value) in _yaml.Entries(node, "a case", s_caseKeys))
        {
            expects |= key is "decision" or "verdicts" or "scores" or "reason";
            switch (key)
            {
                case "name":
                    draft = draft with { Name = _yaml.Text($"'{key}'", value)?.Value ?? "" };
                    break;
                case "because":
                    draft = draft with { Because = _yaml.Text($"'{key}'", value)?.Value ?? "" };
                    break;
                case "image":
                    images.AddRange(_yaml.Text($"'{key}'", value) is { } image ? [image] : []);
                    break;
                case "images":
                    images.AddRange(_yaml.Texts(key, value));
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

        if (node is CaseMap && images.Count == 0)
        {
            _yaml.Add(node, "the case names no image; write 'image: file.jpg'");
        }

        if (node is CaseMap && !expects)
        {
            _yaml.Add(node, "the case expects nothing; write 'decision:', 'verdicts:', 'scores:' or 'reason:'");
        }

        foreach (CaseText image in images)
        {
            string name = draft.Name.Length == 0 ? image.Value : images.Count == 1 ? draft.Name : $"{draft.Name} ({image.Value})";
            if (Resolve(image) is { } path)
            {
                yield return draft with { Name = name, Image = path };
            }
        }
    }

    private string? Resolve(CaseText image)
    {
        try
        {
            string path = DatasetPaths.Resolve(_root, image.Value);
            if (File.Exists(path))
            {
                return path;
            }

            _yaml.Add(image, $"there is no image {CaseYaml.Quote(image.Value)} in the folder of cases");
        }
        catch (DatasetException exception)
        {
            _yaml.Add(image, exception.Message);
        }

        return null;
    }

    private Decision[] ReadDecisions(CaseNode node) =>
        [.. (node is CaseList list ? list.Items : [node]).Select(_yaml.DecisionOf).OfType<Decision>()];

    private (bool, Verdict) ReadVerdict(string category, CaseNode node)
    {
        if (_yaml.Text($"'{category}'", node) is not { } word)
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

        _yaml.Add(node, $"{CaseYaml.Quote(word.Value)} is not a verdict; it is 'safe', 'unsafe' or 'notAssessed'");
        return default;
    }

    private (bool, ScoreBounds) ReadBounds(string category, CaseNode node)
    {
        var bounds = new ScoreBounds();
        foreach ((string key, CaseNode value) in _yaml.Entries(node, $"the score of '{category}'", s_scoreKeys))
        {
            double? number = _yaml.Score(key, value);
            bounds = key == "atLeast" ? bounds with { AtLeast = number ?? 0 } : bounds with { AtMost = number ?? 1 };
        }

        if (bounds.AtLeast > bounds.AtMost)
        {
            _yaml.Add(node, "'atLeast' is above 'atMost', so no score can pass");
        }

        return (true, bounds);
    }

    private PolicyCase ReadReason(PolicyCase draft, CaseNode node)
    {
        foreach ((string key, CaseNode value) in _yaml.Entries(node, "'reason'", s_reasonKeys))
        {
            string[] words = Values(_yaml.Texts(key, value));
            draft = key == "mentions" ? draft with { Mentions = words } : draft with { Avoids = words };
        }

        return draft;
    }

    private PolicyEdit ReadEdit(CaseNode node)
    {
        PolicyEdit edit = PolicyEdit.None;
        foreach ((string key, CaseNode value) in _yaml.Entries(node, "'given'", s_editKeys))
        {
            edit = key switch
            {
                "removeCategories" => edit with { RemoveCategories = Values(_yaml.Texts(key, value)) },
                "addIncludes" => edit with { AddIncludes = ReadPhrases(key, value) },
                "addExcludes" => edit with { AddExcludes = ReadPhrases(key, value) },
                "removeIncludes" => edit with { RemoveIncludes = ReadPhrases(key, value) },
                _ => edit with { RemoveExcludes = ReadPhrases(key, value) },
            };
        }

        return edit;
    }

    private Dictionary<string, IReadOnlyList<string>> ReadPhrases(string key, CaseNode node) =>
        ReadMap<IReadOnlyList<string>>(node, $"'{key}'", (id, value) => (true, Values(_yaml.Texts(id, value))));

    /// <summary>The values by category; those that can't be read are left out, and reported.</summary>
    private Dictionary<string, T> ReadMap<T>(CaseNode node, string what, Func<string, CaseNode, (bool IsRead, T Value)> read)
    {
        var map = new Dictionary<string, T>(StringComparer.OrdinalIgnoreCase);
        foreach ((string key, CaseNode value) in _yaml.Entries(node, what))
        {
            if (read(key, value) is (true, var item))
            {
                map[key] = item;
            }
        }

        return map;
    }

    private static string[] Values(IReadOnlyList<CaseText> texts) => [.. texts.Select(text => text.Value)];
}
