using SafeVision.Conversion.Onnx;
using SafeVision.Conversion.Quantization;

namespace SafeVision.Conversion.Families.VisionLanguage;

/// <summary>A family's way from pixels to image features: <c>vision_encoder</c> of the onnx-community layout.</summary>
internal interface IVisionEncoder
{
    /// <summary>The graph; its output is <c>image_features</c>.</summary>
    OnnxGraph Write(IWeightForm form);
}
