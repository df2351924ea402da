namespace SafeVision.Evaluation.Datasets;

/// <summary>What a search for pictures in several splits found.</summary>
/// <param name="Problems">The pairs, and the images that could not be read; the first of all.</param>
/// <param name="ProblemCount">How many problems there are, listed or not.</param>
/// <param name="Compared">Images that were compared by how they look.</param>
/// <param name="ByBytesOnly">Images with too little to see, which were compared by their bytes only.</param>
/// <param name="Unreadable">Images that could not be read.</param>
public sealed record LeakReport(IReadOnlyList<DatasetProblem> Problems, int ProblemCount, int Compared, int ByBytesOnly, int Unreadable);
