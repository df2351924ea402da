namespace SafeVision.Policies;

/// <summary>A class of the taxonomy of the SafeVision paper (arXiv 2510.23960): nine kinds of harm, and the absence of all. The ids
/// are those that the published models speak; the definitions are written for this library.</summary>
public sealed class HarmCategory
{
    private HarmCategory(SafetyCategory definition) => Definition = definition;

    /// <summary>The absence of all harm. It is what a model may answer, not a category that a policy can forbid.</summary>
    public static HarmCategory Safe { get; } = new(HarmDefinitions.Safe);

    /// <summary>Contempt for groups, and humiliation or harassment of a person.</summary>
    public static HarmCategory Hate_Humiliation_Harassment { get; } = new(HarmDefinitions.Hate);

    /// <summary>Violence against people, and its victims.</summary>
    public static HarmCategory Violence_Harm_Cruelty { get; } = new(HarmDefinitions.Violence);

    /// <summary>Sexual acts, nudity, and images made to arouse.</summary>
    public static HarmCategory Sexual { get; } = new(HarmDefinitions.Sexual);

    /// <summary>Crimes being planned, prepared or carried out.</summary>
    public static HarmCategory Criminal_Planning { get; } = new(HarmDefinitions.Crime);

    /// <summary>Weapons, and drugs, alcohol and tobacco.</summary>
    public static HarmCategory Weapons_Substance_Abuse { get; } = new(HarmDefinitions.Weapons);

    /// <summary>Self-injury, suicide and disordered eating.</summary>
    public static HarmCategory Self_Harm { get; } = new(HarmDefinitions.SelfHarm);

    /// <summary>Abuse, neglect and suffering of animals.</summary>
    public static HarmCategory Animal_Cruelty { get; } = new(HarmDefinitions.Animals);

    /// <summary>Natural and man-made disasters, and their victims.</summary>
    public static HarmCategory Disasters_Emergencies { get; } = new(HarmDefinitions.Disasters);

    /// <summary>Politicians, elections, protest and propaganda.</summary>
    public static HarmCategory Political { get; } = new(HarmDefinitions.Political);

    /// <summary>The nine kinds of harm, in the order of the paper; without <see cref="Safe"/>.</summary>
    public static IReadOnlyList<HarmCategory> All { get; } = Array.AsReadOnly<HarmCategory>(
    [
        Hate_Humiliation_Harassment,
        Violence_Harm_Cruelty,
        Sexual,
        Criminal_Planning,
        Weapons_Substance_Abuse,
        Self_Harm,
        Animal_Cruelty,
        Disasters_Emergencies,
        Political,
    ]);

    /// <summary>The id, as policies, results and model tokens spell it.</summary>
    public string Id => Definition.Id;

    /// <summary>What the category covers, ready for a policy; for <see cref="Safe"/>, what a harmless image shows.</summary>
    public SafetyCategory Definition { get; }

    /// <summary>Finds a built-in category, <see cref="Safe"/> included, by its id in any case; no other spelling counts.</summary>
    public static bool TryParse([NotNullWhen(true)] string? id, [NotNullWhen(true)] out HarmCategory? category)
    {
        category = Safe.Id.Equals(id, StringComparison.OrdinalIgnoreCase)
            ? Safe
            : All.FirstOrDefault(known => known.Id.Equals(id, StringComparison.OrdinalIgnoreCase));
        return category is not null;
    }

    /// <summary>The id.</summary>
    public override string ToString() => Id;
}
