namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>The activations of vision towers by the names that configurations give them.</summary>
internal static class Activations
{
    /// <exception cref="CheckpointException">The name is not known.</exception>
    public static Activation Parse(string name, string where) => name switch
    {
        "gelu" => Activation.Gelu,
        "gelu_pytorch_tanh" or "gelu_new" or "gelu_fast" => Activation.GeluTanh,
        "quick_gelu" => Activation.QuickGelu,
        "silu" or "swish" => Activation.Silu,
        "relu" => Activation.Relu,
        _ => throw new CheckpointException($"{where}: the activation '{name}' is not known; gelu, gelu_new, gelu_fast, gelu_pytorch_tanh, quick_gelu, silu and relu are."),
    };
}
