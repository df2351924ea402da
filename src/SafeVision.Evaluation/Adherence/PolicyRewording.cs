using System.Security.Cryptography;
using System.Text;
using SafeVision.Policies;

namespace SafeVision.Evaluation.Adherence;

/// <summary>Says a policy in other words without changing what it means. The same seed gives the same words.</summary>
public static class PolicyRewording
{
    // Each holds for any noun phrase, and none narrows or widens it.
    private static readonly string[] Frames =
    [
        "pictures of {0}", "images that show {0}", "{0} in the picture", "{0} that can be seen", "photos or drawings of {0}",
    ];

    // Pairs that a moderator would take for each other in any policy.
    private static readonly (string From, string To)[] Synonyms =
    [
        ("firearms", "guns"), ("guns", "firearms"), ("alcohol", "alcoholic drinks"), ("cigarettes", "smokes"), ("knives", "blades"),
        ("pictures", "images"), ("images", "pictures"), ("people", "persons"), ("persons", "people"), ("cash", "money"),
        ("gambling", "betting games"), ("cats", "felines"), ("dogs", "canines"), ("injuries", "wounds"), ("wounds", "injuries"),
    ];

    /// <summary>The policy with every phrase said in another way.</summary>
    public static SafetyPolicy Paraphrase(SafetyPolicy policy, long seed)
    {
        ArgumentNullException.ThrowIfNull(policy);
        return policy.Categories.Aggregate(policy, (changed, category) => changed.With(category.Customize(own => own
            .Includes([.. category.Includes.Select(phrase => Reword(phrase, seed))])
            .Excludes([.. category.Excludes.Select(phrase => Reword(phrase, seed))]))));
    }

    /// <summary>The policy with its categories, and the phrases of each, in another order.</summary>
    public static SafetyPolicy Reorder(SafetyPolicy policy, long seed)
    {
        ArgumentNullException.ThrowIfNull(policy);
        SafetyPolicyBuilder builder = SafetyPolicy.Define(policy.Name, policy.Version).OnFailure(policy.OnFailure).WhenNotAssessed(policy.WhenNotAssessed);
        foreach (SafetyCategory category in policy.Categories.OrderBy(category => Draw(category.Id, seed)))
        {
            builder.Category(category.Customize(own => own
                .Includes([.. category.Includes.OrderBy(phrase => Draw(phrase, seed))])
                .Excludes([.. category.Excludes.OrderBy(phrase => Draw(phrase, seed))])));
        }

        return builder.Build();
    }

    /// <summary>The policy with categories that are called by letters, and what each was called before.</summary>
    public static (SafetyPolicy Policy, IReadOnlyList<(string Before, string After)> Ids) Rename(SafetyPolicy policy)
    {
        ArgumentNullException.ThrowIfNull(policy);
        SafetyPolicyBuilder builder = SafetyPolicy.Define(policy.Name, policy.Version).OnFailure(policy.OnFailure).WhenNotAssessed(policy.WhenNotAssessed);
        (string, string)[] ids = [.. policy.Categories.Select((category, i) => (category.Id, $"Rule-{i + 1}"))];
        for (int i = 0; i < ids.Length; i++)
        {
            SafetyCategory category = policy.Categories[i];
            builder.Category(SafetyCategory.Define(ids[i].Item2, own =>
            {
                own.Named($"Rule {i + 1}").Includes([.. category.Includes]).Excludes([.. category.Excludes]).ReviewAt(category.ReviewAt).BlockAt(category.BlockAt);
                if (category.Protects.Length > 0)
                {
                    own.Protects(category.Protects);
                }

                if (category.WhenNotAssessed is { } decision)
                {
                    own.WhenNotAssessed(decision);
                }
            }));
        }

        return (builder.Build(), ids);
    }

    private static string Reword(string phrase, long seed)
    {
        string words = string.Join(' ', phrase.Split(' ').Select(word => Array.Find(Synonyms, pair => pair.From == word) is { To: { } to } ? to : word));
        string framed = string.Format(System.Globalization.CultureInfo.InvariantCulture, Frames[Draw(phrase, seed) % (uint)Frames.Length], words);
        return framed.Length <= LongestPhrase ? framed : words;
    }

    private const int LongestPhrase = 500; // SafetyCategory.Includes

    private static uint Draw(string text, long seed) =>
        BitConverter.ToUInt32(SHA256.HashData(Encoding.UTF8.GetBytes($"{seed}\n{text}")));
}
