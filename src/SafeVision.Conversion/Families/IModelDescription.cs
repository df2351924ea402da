using SafeVision.Imaging;
using SafeVision.Models;

namespace SafeVision.Conversion.Families;

/// <summary>What a manifest says of a model whatever its weights are.</summary>
internal interface IModelDescription
{
    string Kind { get; }

    /// <summary>The name of the graph's image input.</summary>
    string Input { get; }

    /// <summary>Role → name of an output.</summary>
    IReadOnlyDictionary<string, string> Outputs { get; }

    IReadOnlyList<string> Labels { get; }

    PreprocessingRecipe? Preprocessing { get; }

    ModelTokenizer? Tokenizer { get; }

    /// <summary>How pictures and texts are compared; null where they are not.</summary>
    ContrastiveSettings? Contrastive { get; }
}
