namespace SafeVision.Conversion.Hub;

/// <summary>An open image guard that can be pulled by a short name. What is said of it here is what its owner's card says; sizes
/// are those of 16-bit checkpoints.</summary>
/// <param name="Name">The short name.</param>
/// <param name="Repository">Owner and name on the hub.</param>
/// <param name="Parameters">In thousand millions.</param>
/// <param name="License">The SPDX identifier of the weights' licence, or <c>LicenseRef-</c> and a name; <c>NOASSERTION</c> where none was found.</param>
/// <param name="LicenseText">Where the licence's text is.</param>
/// <param name="Family">The family that reads the checkpoint.</param>
/// <param name="Protocol">How it was trained to be asked; null: what its tokens speak for.</param>
/// <param name="Reads">What it reads and tells, in one sentence.</param>
public sealed record KnownModel(string Name, string Repository, double Parameters, string License, string LicenseText, string Family, string? Protocol, string Reads)
{
    private const string Apache = "https://www.apache.org/licenses/LICENSE-2.0";
    private const string GemmaTerms = "https://ai.google.dev/gemma/terms";
    private const string Policy = "Reads your policy with the image";

    /// <summary>The guards that are known, by family.</summary>
    public static IReadOnlyList<KnownModel> All { get; } =
    [
        new("policyshiftguard-3b", "PolicyShiftGuard/PolicyShiftGuard-3B", 4, "Apache-2.0", Apache, "qwen2-vl", "policyshiftguard", $"{Policy}; names the first category that is violated, with a short reason."),
        new("policyshiftguard-7b", "PolicyShiftGuard/PolicyShiftGuard-7B", 8, "Apache-2.0", Apache, "qwen2-vl", "policyshiftguard", $"{Policy}; names the first category that is violated, with a short reason."),
        new("qwenguard-3b", "AIML-TUDA/QwenGuard-v1.2-3B", 4, "NOASSERTION", "https://huggingface.co/AIML-TUDA/QwenGuard-v1.2-3B", "qwen2-vl", "llavaguard", "Nine fixed categories, whose text can be edited; rating, category and rationale.") { IsGated = true },
        new("qwenguard-7b", "AIML-TUDA/QwenGuard-v1.2-7B", 8, "NOASSERTION", "https://huggingface.co/AIML-TUDA/QwenGuard-v1.2-7B", "qwen2-vl", "llavaguard", "Nine fixed categories, whose text can be edited; rating, category and rationale.") { IsGated = true },
        new("safeguard-vl", "tyodd/SafeGuard-VL-RL", 8, "Apache-2.0", Apache, "qwen2-vl", "safeguard", $"{Policy}; reasons first, so it is slow."),
        new("guardreasoner-vl-7b", "yueliu1999/GuardReasoner-VL-7B", 8, "Apache-2.0", Apache, "qwen2-vl", "guardreasoner", "Harmful or not, by what it was trained on; reasons first, so it is slow; takes no policy."),
        new("sing-guard-2b", "inclusionAI/Sing-Guard-2b", 2.1, "Apache-2.0", Apache, "qwen3-vl", "singguard", $"{Policy}; safe or unsafe first, then the categories."),
        new("sing-guard-4b", "inclusionAI/Sing-Guard-4b", 4.4, "Apache-2.0", Apache, "qwen3-vl", "singguard", $"{Policy}; safe or unsafe first, then the categories."),
        new("sing-guard-8b", "inclusionAI/Sing-Guard-8b", 9, "Apache-2.0", Apache, "qwen3-vl", "singguard", $"{Policy}; safe or unsafe first, then the categories."),
        new("sing-guard-0.8b", "inclusionAI/Sing-Guard-0.8b", 0.9, "Apache-2.0", Apache, "qwen3-5", "singguard", $"{Policy}; safe or unsafe first, then the categories."),
        new("shieldstral-3b", "mistralai/Shieldstral-1.0-3B", 3.85, "Apache-2.0", Apache, "mistral3", "shieldstral", "One yes/no question for each category; gives no reason and seldom follows a policy against its training."),
        new("shieldgemma-2-4b", "google/shieldgemma-2-4b-it", 4.3, "LicenseRef-Gemma", GemmaTerms, "gemma3", "shieldgemma", "One yes/no question for each policy; gives no reason.") { IsGated = true },
        new("nemotron-3.5-content-safety", "nvidia/Nemotron-3.5-Content-Safety", 4.3, "LicenseRef-OpenMDW-1.1", GemmaTerms, "gemma3", "nemotron", $"{Policy}, or its own categories; can think first. The terms of Gemma hold too."),
    ];

    /// <summary>The branch or tag that is pulled where none is named; the manifest tells its commit.</summary>
    public string Revision { get; init; } = "main";

    /// <summary>Whether the owner's terms have to be accepted on the hub before.</summary>
    public bool IsGated { get; init; }

    /// <summary>What was measured of its speed.</summary>
    public string Speed { get; init; } = "not measured here";

    /// <summary>About how many bytes are fetched.</summary>
    public long CheckpointBytes => (long)(Parameters * 2e9);

    /// <summary>About how much memory it takes in int8: a byte a parameter, and a fifth for what is left exact and for the prompt.</summary>
    public long MemoryBytes => (long)(Parameters * 1.2e9);

    /// <summary>Whether this version can convert it.</summary>
    public bool IsConvertible => ModelConverter.Families.Contains(Family);

    /// <summary>Finds a guard by its short name or its repository, in any case; null: none.</summary>
    public static KnownModel? Find(string name) => All.FirstOrDefault(model =>
        model.Name.Equals(name, StringComparison.OrdinalIgnoreCase) || model.Repository.Equals(name, StringComparison.OrdinalIgnoreCase));
}
