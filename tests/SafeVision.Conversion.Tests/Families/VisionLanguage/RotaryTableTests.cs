using SafeVision.VisionLanguage.Families;

namespace SafeVision.Conversion.Tests.Families.VisionLanguage;

/// <summary>Angles against the formulas of transformers (modeling_rope_utils.py), computed apart from this code.</summary>
public sealed class RotaryTableTests
{
    [Theory]
    [InlineData("""{"rope_scaling": {"rope_type": "linear", "factor": 4}}""", 1,
        new[] { 0.25, 0.07905694, 0.025, 0.007905694, 0.0025, 0.0007905694, 0.00025, 7.905694e-05 })]
    [InlineData("""{"rope_theta": 500000, "rope_scaling": {"rope_type": "llama3", "factor": 8, "low_freq_factor": 1, "high_freq_factor": 4, "original_max_position_embeddings": 256}}""", 1,
        new[] { 1.0, 0.1939227, 0.01053823, 0.0009115831, 0.0001767767, 3.428102e-05, 6.64787e-06, 1.289173e-06 })]
    [InlineData("""{"rope_scaling": {"type": "yarn", "factor": 4, "original_max_position_embeddings": 64}}""", 1.13862944,
        new[] { 1.0, 0.2371708, 0.05, 0.007905694, 0.0025, 0.0007905694, 0.00025, 7.905694e-05 })]
    [InlineData("""{"rope_parameters": {"rope_theta": 1000000, "rope_type": "yarn", "factor": 8, "original_max_position_embeddings": 512, "beta_fast": 16, "beta_slow": 2, "truncate": false, "mscale": 0.7, "mscale_all_dim": 1}}""", 0.94835585,
        new[] { 1.0, 0.170414, 0.007324997, 0.0007029267, 0.000125, 2.222849e-05, 3.952847e-06, 7.029267e-07 })]
    [InlineData("""{"max_position_embeddings": 2048, "original_max_position_embeddings": 512, "rope_scaling": {"rope_type": "yarn", "attention_factor": 1.25}}""", 1.25,
        new[] { 1.0, 0.2569351, 0.0625, 0.01383496, 0.0025, 0.0007905694, 0.00025, 7.905694e-05 })]
    [InlineData("""{"max_position_embeddings": 2048, "original_max_position_embeddings": 256, "rope_scaling": {"type": "su", "long_factor": [9, 9, 9, 9, 9, 9, 9, 9], "short_factor": [1, 1.1, 1.25, 1.5, 2, 2.5, 3, 4]}}""", 1.17260394,
        new[] { 1.0, 0.2874798, 0.08, 0.02108185, 0.005, 0.001264911, 0.0003333333, 7.905694e-05 })]
    public void Frequencies_are_stretched_as_the_reference_stretches_them(string config, double magnitude, double[] frequencies)
    {
        RotaryTable table = Read(config);
        Assert.Equal(magnitude, table.Magnitude, 1e-6);
        Assert.All(frequencies.Zip(table.Frequencies.ToArray()), pair => Assert.Equal(1, pair.Second / pair.First, 1e-5));
    }

    [Theory]
    [InlineData("""{"max_position_embeddings": 4096, "rope_scaling": {"rope_type": "yarn", "factor": 4, "original_max_position_embeddings": 1024}}""", 4096, null)]
    [InlineData("""{"max_position_embeddings": 4096, "rope_scaling": {"rope_type": "longrope", "original_max_position_embeddings": 1024, "short_factor": [1, 1, 1, 1, 1, 1, 1, 1]}}""", 1024, 1024)]
    [InlineData("""{"max_position_embeddings": 1048576}""", 131072, 131072)]
    public void A_table_that_ends_before_the_promised_context_says_so(string config, int rows, int? limit) =>
        Assert.Equal((rows, limit), (Read(config).Rows, Read(config).Limit));

    [Theory]
    [InlineData("""{"rope_scaling": {"rope_type": "proportional"}}""", "is \"proportional\"; expected default, dynamic")]
    [InlineData("""{"rope_scaling": {"rope_type": "linear"}}""", "factor' is missing")]
    [InlineData("""{"rope_scaling": {"rope_type": "yarn", "factor": -4}}""", "factor' is -4; expected a number above 0")]
    [InlineData("""{"rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1]}}""", "short_factor' is")]
    [InlineData("""{"rope_scaling": {"rope_type": "longrope", "short_factor": [1, 1, 1, 1, 1, 1, 1, 0]}}""", "short_factor' is")]
    [InlineData("""{"partial_rotary_factor": 0.75}""", "partial_rotary_factor' is 0.75")]
    [InlineData("""{"rope_parameters": {"rope_type": "default", "partial_rotary_factor": 0.5}}""", "partial_rotary_factor' is 0.5")]
    [InlineData("""{"rope_parameters": {"full_attention": {"rope_type": "default"}}}""", "full_attention' is {")]
    [InlineData("""{"rope_theta": 1}""", "'rope_theta'")]
    public void What_is_not_known_is_refused_by_name(string config, string message) =>
        Assert.Contains(message, Assert.Throws<CheckpointException>(() => Read(config)).Message, StringComparison.Ordinal);

    private static RotaryTable Read(string config) => RotaryTable.Read(Fixture.Config(config), 16);
}
