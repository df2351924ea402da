namespace SafeVision.Evaluation.Cases;

/// <summary>Reads a file of cases: which keys there are and what each may hold.</summary>
internal sealed class CaseFileReader
{
    private static readonly string[] s_caseKeys = ["name", "image", "images", "decision", "verdicts", "scores", "reason", "because", "given"];
    private static readonly string[] s_editKeys = ["addIncludes", "addExcludes", "removeIncludes", "removeExcludes", "removeCategories"];

    private readonly YamlSettings _yaml;
    private readonly string _root;

    private CaseFileReader(YamlSettings yaml, string root) => (_yaml, _root) = (yaml, root);

    /// <summary>How a verdict or a decision is written.</summary>
    public static string Word<T>(T value)
        where T : struct, Enum => JsonNamingPolicy.CamelCase.ConvertName(value.ToString());

    /// <summary>The cases of a file.</summary>
    /// <exception cref="EvaluationException">Something is wrong; all of it is listed.</exception>
    public static IReadOnlyList<PolicyCase> Read(string text, string source, string root)
    {
        try
        {
            var yaml = new YamlSettings(text.TrimStart('\uFEFF'), source, "file of cases");
            var reader = new CaseFileReader(yaml, root);
            PolicyCase[] cases =
            [
                .. yaml.Entries("a file of cases", "cases")
                    .SelectMany(setting => yaml.Items(setting, "a list, each case beginning with '- image:'"))
                    .SelectMany(reader.ReadCase),
            ];
            yaml.ThrowIfAny();
            return cases;
        }
        catch (PolicyException exception)
        {
            throw new EvaluationException(exception.Message, exception);
        }
    }

    private IEnumerable<PolicyCase> ReadCase(YamlSetting setting)
    {
        List<YamlSetting> images = [];
        var draft = new PolicyCase { Name = "", Image = "" };
        bool expects = false;
        foreach (YamlSetting entry in _yaml.Entries(setting, s_caseKeys))
        {
            expects |= entry.Key is "decision" or "verdicts" or "scores" or "reason";
            switch (entry.Key)
            {
                case "image":
                    images.Add(entry);
                    break;
                case "images":
                    images.AddRange(Items(entry));
                    break;
                case "reason":
                    draft = ReadReason(draft, entry);
                    break;
                default:
                    draft = entry.Key switch
                    {
                        "name" => draft with { Name = _yaml.Text(entry) ?? "" },
                        "because" => draft with { Because = _yaml.Text(entry) ?? "" },
                        "decision" => draft with { Decisions = [.. (entry.IsList ? Items(entry) : [entry]).Select(_yaml.Decision).OfType<Decision>()] },
                        "verdicts" => draft with { Verdicts = ReadMap(entry, ReadVerdict) },
                        "scores" => draft with { Scores = ReadMap(entry, ReadBounds) },
                        _ => draft with { Given = ReadEdit(entry) },
                    };
                    break;
            }
        }

        if (setting.IsMapping && images.Count == 0)
        {
            _yaml.Report(setting, "the case names no image; write 'image: file.jpg'");
        }

        if (setting.IsMapping && !expects)
        {
            _yaml.Report(setting, "the case expects nothing; write 'decision:', 'verdicts:', 'scores:' or 'reason:'");
        }

        foreach (YamlSetting entry in images)
        {
            if (_yaml.Text(entry) is { } image && Resolve(entry, image) is { } path)
            {
                string name = draft.Name.Length == 0 ? image : images.Count == 1 ? draft.Name : $"{draft.Name} ({image})";
                yield return draft with { Name = name, Image = path };
            }
        }
    }

    private string? Resolve(YamlSetting setting, string image)
    {
        try
        {
            string path = DatasetPaths.Resolve(_root, image);
            if (File.Exists(path))
            {
                return path;
            }

            _yaml.Report(setting, $"there is no image {YamlSettings.Quote(image)} in the folder of cases");
        }
        catch (DatasetException exception)
        {
            _yaml.Report(setting, exception.Message);
        }

        return null;
    }

    private (bool, Verdict) ReadVerdict(YamlSetting setting)
    {
        if (_yaml.Text(setting) is not { } word)
        {
            return default;
        }

        foreach (Verdict verdict in Enum.GetValues<Verdict>())
        {
            if (Word(verdict) == word)
            {
                return (true, verdict);
            }
        }

        _yaml.Report(setting, $"{YamlSettings.Quote(word)} is not a verdict; it is 'safe', 'unsafe' or 'notAssessed'");
        return default;
    }

    private (bool, ScoreBounds) ReadBounds(YamlSetting setting)
    {
        (double least, double most) = (0, 1);
        foreach (YamlSetting entry in _yaml.Entries(setting, "atLeast", "atMost"))
        {
            double? number = _yaml.Number(entry, 0, 1);
            (least, most) = entry.Key == "atLeast" ? (number ?? 0, most) : (least, number ?? 1);
        }

        if (least > most)
        {
            _yaml.Report(setting, "'atLeast' is above 'atMost', so no score can pass");
        }

        return (true, new ScoreBounds(least, most));
    }

    private PolicyCase ReadReason(PolicyCase draft, YamlSetting setting)
    {
        foreach (YamlSetting entry in _yaml.Entries(setting, "mentions", "avoids"))
        {
            draft = entry.Key == "mentions" ? draft with { Mentions = Texts(entry) } : draft with { Avoids = Texts(entry) };
        }

        return draft;
    }

    private PolicyEdit ReadEdit(YamlSetting setting)
    {
        PolicyEdit edit = PolicyEdit.None;
        foreach (YamlSetting entry in _yaml.Entries(setting, s_editKeys))
        {
            edit = entry.Key switch
            {
                "removeCategories" => edit with { RemoveCategories = Texts(entry) },
                "addIncludes" => edit with { AddIncludes = ReadPhrases(entry) },
                "addExcludes" => edit with { AddExcludes = ReadPhrases(entry) },
                "removeIncludes" => edit with { RemoveIncludes = ReadPhrases(entry) },
                _ => edit with { RemoveExcludes = ReadPhrases(entry) },
            };
        }

        return edit;
    }

    private Dictionary<string, IReadOnlyList<string>> ReadPhrases(YamlSetting setting) =>
        _yaml.Entries(setting).ToDictionary(entry => entry.Key, entry => (IReadOnlyList<string>)Texts(entry), StringComparer.OrdinalIgnoreCase);

    /// <summary>The values by category; those that can't be read are left out, and reported.</summary>
    private Dictionary<string, T> ReadMap<T>(YamlSetting setting, Func<YamlSetting, (bool IsRead, T Value)> read)
    {
        var map = new Dictionary<string, T>(StringComparer.OrdinalIgnoreCase);
        foreach (YamlSetting entry in _yaml.Entries(setting))
        {
            if (read(entry) is (true, var value))
            {
                map[entry.Key] = value;
            }
        }

        return map;
    }

    private string[] Texts(YamlSetting setting) => [.. Items(setting).Select(_yaml.Text).OfType<string>()];

    private IEnumerable<YamlSetting> Items(YamlSetting setting) => _yaml.Items(setting, $"a list; write '{setting.Key}: [first, second]'");
}
