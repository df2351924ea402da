namespace SafeVision.Assessments;

/// <summary>How much of a category an engine can judge.</summary>
public enum CoverageLevel
{
    /// <summary>Nothing: the category is reported as not assessed.</summary>
    None = 0,

    /// <summary>A part; <see cref="CategoryCoverage"/> says which.</summary>
    Partial = 1,

    /// <summary>Every phrase of the category.</summary>
    Full = 2,
}
