namespace SafeVision.Evaluation.Datasets;

/// <summary>Takes what a reader found, believes what is sound, and writes down the rest. A sample is used whole or not at all: one
/// without a label that it should have would be counted as harmless.</summary>
internal sealed class DatasetBuilder(string folder, LabelVocabulary labels, DatasetReadOptions options)
{
    private const int MostObjects = 1000;
    private const int MostTags = 64;
    private const int LongestText = 2000;
    private const double Rounding = 1e-6; // boxes written with few digits may end a little outside

    private readonly string _folder = Path.GetFullPath(folder);
    private readonly List<EvaluationSample> _samples = [];
    private readonly List<DatasetProblem> _problems = [];
    private readonly Dictionary<string, string> _ids = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> _images = new(StringComparer.Ordinal);
    private int _drafts;
    private int _problemCount;

    public LabelVocabulary Labels => labels;

    /// <summary>Writes a problem down; beyond the limit it is only counted.</summary>
    public void Report(DatasetProblemKind kind, string where, string message)
    {
        if (++_problemCount <= options.MaxProblems)
        {
            _problems.Add(new DatasetProblem(kind, where, message));
        }
    }

    /// <summary>Adds the sample, or reports why it is left out.</summary>
    /// <exception cref="DatasetException">There are more samples than allowed.</exception>
    public void Add(SampleDraft draft)
    {
        if (++_drafts > options.MaxSamples)
        {
            throw new DatasetException($"The dataset has more than {options.MaxSamples} samples ({nameof(DatasetReadOptions)}.{nameof(DatasetReadOptions.MaxSamples)}).");
        }

        if (ToSample(draft) is { } sample && IsNew(_ids, sample.Id, DatasetProblemKind.DuplicateId, "id", draft) && IsNew(_images, sample.Image, DatasetProblemKind.DuplicateImage, "image", draft))
        {
            _ids.Add(sample.Id, draft.Where);
            _images.Add(sample.Image, draft.Where);
            _samples.Add(sample);
        }
    }

    public EvaluationDataset Build(string name, string version = "")
    {
        IReadOnlyList<string> categories = labels.Categories;
        return new EvaluationDataset
        {
            Name = name,
            Version = version,
            Hash = HashOf(name, version, categories),
            Folder = _folder,
            Categories = categories,
            Samples = _samples,
            Problems = _problems,
            ProblemCount = _problemCount,
        };
    }

    private EvaluationSample? ToSample(SampleDraft draft)
    {
        if (draft.Image is not { Length: > 0 } image)
        {
            return LeaveOut(draft, "it names no image");
        }

        string id = draft.Id is { Length: > 0 } given ? given : image;
        if (!SampleId.IsValid(id))
        {
            return LeaveOut(draft, $"'{LabelVocabulary.Shortened(id)}' is no id; an id has ASCII letters, digits, '_', '-', '.' and '/', at most {SampleId.Longest}");
        }

        if (draft.Labels is null)
        {
            return LeaveOut(draft, "it has no labels; a harmless image is labelled safe, or with an empty list in JSON");
        }

        if (!TryParseSplit(draft.Split, out DatasetSplit split))
        {
            return LeaveOut(draft, $"'{LabelVocabulary.Shortened(draft.Split!)}' is no split; there are train, validation, calibration and test");
        }

        if (draft.Tags is { Count: > MostTags } || draft.Tags?.Any(tag => tag is not { Length: > 0 and <= LongestText }) == true)
        {
            return LeaveOut(draft, $"its tags are more than {MostTags}, or one is empty");
        }

        return ReadLabels(draft, draft.Labels) is { } categories
            && ReadObjects(draft) is { } objects
            && ReadReasons(draft) is { } reasons
            && FindImage(draft, image)
                ? new EvaluationSample { Id = id, Image = image, Labels = categories, Objects = objects, Reasons = reasons, Split = split, Tags = draft.Tags ?? [] }
                : null;
    }

    private List<string>? ReadLabels(SampleDraft draft, IReadOnlyList<string> written)
    {
        List<string>? found = Resolve(draft, written, "one of its labels is null", out bool harmless);
        return harmless && found is { Count: > 0 }
            ? LeaveOut<List<string>>(draft, $"it is labelled harmless and {string.Join(", ", found)}")
            : found;
    }

    /// <summary>The ids of the categories that labels mean, each once; null, and a report, where one means nothing.</summary>
    private List<string>? Resolve(SampleDraft draft, IReadOnlyList<string> written, string missing, out bool harmless)
    {
        harmless = false;
        List<string> found = [];
        foreach (string label in written)
        {
            string? id = null;
            string error = missing;
            if (label is null || !labels.TryResolve(label, out id, out error))
            {
                return LeaveOut<List<string>>(draft, error, DatasetProblemKind.UnknownLabel);
            }

            harmless |= id is null;
            if (id is not null && !found.Contains(id))
            {
                found.Add(id);
            }
        }

        return found;
    }

    private List<SampleObject>? ReadObjects(SampleDraft draft)
    {
        List<SampleObject> read = [];
        foreach (ObjectDraft thing in draft.Objects ?? [])
        {
            if (thing is not { Name.Length: > 0 and <= LongestText } || !IsInside(thing.Box) || read.Count == MostObjects)
            {
                return LeaveOut<List<SampleObject>>(draft, $"object {read.Count + 1} has no name or no box within the image (fractions of its size, 0 to 1), or is more than the {MostObjects}th");
            }

            if (Resolve(draft, thing.Categories, "a category of an object is null", out _) is not { } categories)
            {
                return null;
            }

            read.Add(new SampleObject(thing.Name, new ImageBox(thing.Box.X, thing.Box.Y, thing.Box.Width, thing.Box.Height), categories));
        }

        return read;
    }

    private Dictionary<string, string>? ReadReasons(SampleDraft draft)
    {
        Dictionary<string, string> read = new(StringComparer.Ordinal);
        foreach ((string label, string reason) in draft.Reasons ?? new Dictionary<string, string>())
        {
            if (!labels.TryResolve(label, out string? id, out string error))
            {
                return LeaveOut<Dictionary<string, string>>(draft, error, DatasetProblemKind.UnknownLabel);
            }

            if (reason is not { Length: <= LongestText })
            {
                return LeaveOut<Dictionary<string, string>>(draft, $"a reason is null or has more than {LongestText} characters");
            }

            if (id is not null)
            {
                read[id] = reason;
            }
        }

        return read;
    }

    private bool FindImage(SampleDraft draft, string image)
    {
        try
        {
            string path = DatasetPaths.Resolve(_folder, image);
            string? problem = options.CheckImages ? DatasetPaths.ProblemOf(path) : null;
            if (problem is null)
            {
                return true;
            }

            Report(DatasetProblemKind.MissingImage, draft.Where, $"The image '{LabelVocabulary.Shortened(image)}' {problem}; the sample is left out.");
        }
        catch (Exception error) when (error is DatasetException or IOException or ArgumentException or UnauthorizedAccessException)
        {
            Report(DatasetProblemKind.MissingImage, draft.Where, $"{error.Message} The sample is left out.");
        }

        return false;
    }

    private bool IsNew(Dictionary<string, string> seen, string value, DatasetProblemKind kind, string what, SampleDraft draft)
    {
        if (!seen.TryGetValue(value, out string? first))
        {
            return true;
        }

        Report(kind, draft.Where, $"The {what} '{value}' is that of {first}; this sample is left out.");
        return false;
    }

    private EvaluationSample? LeaveOut(SampleDraft draft, string why) => LeaveOut<EvaluationSample>(draft, why);

    private T? LeaveOut<T>(SampleDraft draft, string why, DatasetProblemKind kind = DatasetProblemKind.Malformed)
        where T : class
    {
        Report(kind, draft.Where, $"The sample is left out: {why}.");
        return null;
    }

    /// <summary>Over what was understood and not over the bytes, so that a label map or a declared category changes it too.</summary>
    private string HashOf(string name, string version, IReadOnlyList<string> categories)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (string text in (IEnumerable<string>)[name, version, .. categories])
        {
            hash.AppendData(Encoding.UTF8.GetBytes(text));
            hash.AppendData("\n"u8);
        }

        foreach (EvaluationSample sample in _samples)
        {
            hash.AppendData("\n"u8);
            hash.AppendData(DatasetJson.ToLine(sample));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private static bool TryParseSplit(string? text, out DatasetSplit split)
    {
        split = DatasetSplits.Parse(text);
        return split != DatasetSplit.None || string.IsNullOrWhiteSpace(text) || text.Equals("none", StringComparison.OrdinalIgnoreCase);
    }

    private static bool IsInside(BoxDraft box) =>
        box is { X: >= -Rounding, Y: >= -Rounding, Width: > 0, Height: > 0 } && box.X + box.Width <= 1 + Rounding && box.Y + box.Height <= 1 + Rounding;
}
