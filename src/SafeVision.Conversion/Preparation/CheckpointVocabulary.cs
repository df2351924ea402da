namespace SafeVision.Conversion.Preparation;

/// <summary>A token that a checkpoint's vocabulary got.</summary>
/// <param name="Id">Its id, which is its row in the tables.</param>
/// <param name="Content">The text that it stands for.</param>
/// <param name="Parts">The ids of the words that its rows begin as the mean of.</param>
public sealed record VocabularyAddition(int Id, string Content, IReadOnlyList<int> Parts);

/// <summary>Puts a checkpoint's configuration and tokenizer beside other weights.</summary>
public static class CheckpointVocabulary
{
    /// <summary>Copies all files but the weights into another folder, with tokens added to the tokenizer and the vocabulary's size set.</summary>
    /// <param name="source">The checkpoint's folder.</param>
    /// <param name="destination">The other folder, which is made where it is missing; files of the same names are replaced.</param>
    /// <param name="tokens">The tokens that the tokenizer should have; those that it has are left alone.</param>
    /// <param name="rows">How many rows the weights' tables have; they need one for each id.</param>
    /// <returns>The tokens that were added, by id.</returns>
    /// <exception cref="CheckpointException">A file can't be read or changed; the message names it.</exception>
    public static IReadOnlyList<VocabularyAddition> Copy(string source, string destination, IReadOnlyList<NewToken> tokens, int rows)
    {
        ArgumentNullException.ThrowIfNull(tokens);
        VocabularyPlan plan = VocabularyPlan.Create(source, tokens);
        IReadOnlyDictionary<string, byte[]> changed = VocabularyFiles.Extend(source, plan, Math.Max(rows, plan.FirstId + plan.Added.Count));
        Directory.CreateDirectory(destination);
        foreach (string path in CompanionFiles.Find(source))
        {
            File.Copy(path, Path.Combine(destination, Path.GetFileName(path)), overwrite: true);
        }

        foreach ((string name, byte[] content) in changed)
        {
            File.WriteAllBytes(Path.Combine(destination, name), content);
        }

        plan.RequireIn(destination);
        return plan.Added;
    }
}
