namespace SafeVision.VisionLanguage.Families;

/// <summary>The part of a picture that an image token shows, in fractions of its width and height, origin at the top left.</summary>
internal readonly record struct TokenRegion(float Left, float Top, float Right, float Bottom);
