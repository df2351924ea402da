namespace SafeVision.Policies;

/// <summary>Thresholds for the categories of one policy that name none of their own.</summary>
internal readonly record struct CategoryDefaults(double? ReviewAt, double? BlockAt)
{
    public static CategoryDefaults None => default;

    /// <summary>The defaults that were written, less those that are wrong, which are reported here and only here.</summary>
    public static CategoryDefaults Resolve(Placed<double>? review, Placed<double>? block, PolicyErrors errors)
    {
        double? reviewAt = Threshold.Check("default review", review, errors);
        double? blockAt = Threshold.Check("default block", block, errors);
        double effectiveReview = reviewAt ?? SafetyCategory.DefaultReviewAt;
        double effectiveBlock = blockAt ?? SafetyCategory.DefaultBlockAt;

        // A lone default may lie beyond the global value of the other: each category says then whether that matters.
        if (reviewAt is not null && blockAt is not null && effectiveBlock < effectiveReview)
        {
            errors.Add(block!.Value.Place, Threshold.Crossed("the defaults", effectiveReview, "", effectiveBlock, ""));
            return None;
        }

        return new CategoryDefaults(reviewAt, blockAt);
    }
}
