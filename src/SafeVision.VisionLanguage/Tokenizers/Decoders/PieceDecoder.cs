using System.Text;

namespace SafeVision.VisionLanguage.Tokenizers.Decoders;

/// <summary>Turns pieces back into text, one by one. It has the state of one text and serves one reader.</summary>
internal abstract class PieceDecoder
{
    /// <summary>Takes the next piece and writes what of the text became certain.</summary>
    public abstract void Append(int id, string piece, bool isAdded, StringBuilder text);

    /// <summary>Passes over a special token.</summary>
    public virtual void Skip(StringBuilder text)
    {
    }

    /// <summary>Writes what is left.</summary>
    public abstract void Flush(StringBuilder text);
}
