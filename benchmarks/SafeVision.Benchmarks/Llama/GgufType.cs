namespace SafeVision.Benchmarks.Llama;

/// <summary>The types of numbers used here, by their ids in the format.</summary>
internal enum GgufType
{
    /// <summary>float32.</summary>
    Single = 0,

    /// <summary>float16.</summary>
    Half = 1,

    /// <summary>Q4_0: a float16 scale for 32 numbers of 4 bits.</summary>
    Q4 = 2,

    /// <summary>Q8_0: a float16 scale for 32 signed bytes.</summary>
    Q8 = 8,
}
