namespace SafeVision.Models;

/// <summary>Vectors of a classifier's labels, computed beforehand so that the first policy compiles at once.</summary>
/// <param name="File">Half-precision numbers, little-endian, row by row: one row for each name of each label.</param>
/// <param name="Encoder">The hash of the text encoder that made them; with another encoder they are computed anew.</param>
public sealed record StoredEmbeddings(string File, string Encoder);
