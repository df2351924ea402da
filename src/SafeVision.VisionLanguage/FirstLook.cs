namespace SafeVision.VisionLanguage;

/// <summary>Whether a first look at an image, in one tile, settles what is to be done with it. Most images are clear at a glance,
/// and each further tile costs as much as the first.</summary>
internal static class FirstLook
{
    /// <summary>Settled where every category scores at most half of the threshold at which a person should look, or one of them
    /// scores at least half-way from its block threshold to 1. What lies between is worth all tiles.</summary>
    public static bool Settles(SafetyPolicy policy, GuardAnswer answer)
    {
        (bool isAssessed, bool isClean) = (false, true);
        foreach ((SafetyCategory category, CategoryAnswer? given) in policy.Categories.Zip(answer.Categories))
        {
            if (given is not { } assessed)
            {
                continue; // more tiles would not change that
            }

            if (assessed.Score >= (1 + category.BlockAt) / 2)
            {
                return true;
            }

            isAssessed = true;
            isClean &= assessed.Score <= category.ReviewAt / 2;
        }

        return isAssessed && isClean;
    }
}
