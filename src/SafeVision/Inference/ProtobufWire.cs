namespace SafeVision.Inference;

/// <summary>How a protobuf field is stored; the numbers are those of the wire format. Groups (3 and 4) do not occur in ONNX.</summary>
internal enum ProtobufWire
{
    Varint = 0,
    Fixed64 = 1,
    Block = 2,
    Fixed32 = 5,
}
