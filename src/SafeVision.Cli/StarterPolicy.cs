namespace SafeVision.Cli;

/// <summary>The text of a new policy file: one that works, with what can be changed beside it.</summary>
internal static class StarterPolicy
{
    /// <summary>The categories that the default models assess, or all nine.</summary>
    public static string Text(bool allCategories)
    {
        IEnumerable<HarmCategory> categories = allCategories
            ? HarmCategory.All.Where(category => category != HarmCategory.Safe)
            : [HarmCategory.Sexual, HarmCategory.Weapons_Substance_Abuse];
        var text = new StringBuilder(
            """
            # A policy to start from. 'safevision policy show FILE' says how its words are understood and which models see them.
            policy: my-policy
            version: "1"
            onFailure: block # an image that can't be judged at all: allow, review or block
            defaults: { review: 0.35, block: 0.80, whenNotAssessed: review }
            categories:

            """.ReplaceLineEndings("\n"));
        foreach (HarmCategory category in categories)
        {
            text.Append($"  - id: {category.Id} # built in: brings its own definition\n");
        }

        return text.Append(
            """

              # A category of your own, in your words:
              # - id: cats
              #   name: Cats
              #   protects: Dogs must be able to browse in peace.
              #   includes: [cats]
              #   excludes:
              #     - lions, tigers and other big cats
              #   review: 0.3
              #   block: 0.7

            """.ReplaceLineEndings("\n")).ToString();
    }
}
