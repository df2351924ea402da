namespace SafeVision.VisionLanguage.Families;

/// <summary>Qwen3.5: the tower of Qwen3-VL without DeepStack, and a language model in most of whose layers a memory of
/// fixed size stands for attention. Tensors for predicting several tokens (<c>mtp.</c>) are not read.</summary>
internal sealed class Qwen35 : Qwen2Vl
{
    public override string Name => "qwen3-5";

    public override IReadOnlyList<string> ModelTypes { get; } = ["qwen3_5"];

    private protected override IReadOnlyList<TensorSpelling> Spellings =>
        [new("language_model.model.", "model.language_model."), new("language_model.lm_head.", "lm_head."), .. base.Spellings];

    public override TextSettings ReadText(JsonValue config) => new Text(config);

    public override VisionSettings ReadVision(JsonValue config) => new Vision(config);

    private sealed class Vision(JsonValue config) : QwenVision3(config)
    {
        public override IReadOnlyList<int> DeepStackLayers => [];
    }

    /// <summary>What the configuration leaves out is what transformers' Qwen3_5TextConfig has, but for the base of the angles.</summary>
    private sealed class Text(JsonValue config) : QwenText(config)
    {
        public override int Heads => Config["num_attention_heads"].Integer(1, 1024, 16);

        public override bool InterleavesSections => Parameters["mrope_interleaved"] is var setting && setting.Boolean(true)
            ? true
            : throw setting.Wrong("true: this family's angles follow time, row and column in turn");

        public override RotaryTable Rotary
        {
            get
            {
                JsonValue theta = Parameters["rope_theta"] is { Exists: true } newer ? newer : Config["rope_theta"];
                return RotaryTable.Read(Config, Parameters, theta, theta.Number(), 32_768, Turned);
            }
        }

        public override IReadOnlyList<int> RotarySections => Parameters["mrope_section"] is var setting
            && setting.Integers(0, 1 << 16) is { Length: 3 } sections && sections.Sum() == Turned / 2 && 3 * Math.Max(sections[1], sections[2]) <= (Turned / 2) + 2
                ? sections
                : throw setting.Wrong($"three whole numbers that add up to {Turned / 2}, none for row or column above a third of it");

        public override MemorySettings Memory
        {
            get
            {
                int keyHeads = Config["linear_num_key_heads"].Integer(1, 1024, 16), valueHeads = Config["linear_num_value_heads"].Integer(1, 1024, 32);
                return valueHeads % keyHeads == 0
                    ? new MemorySettings(
                        Kinds(), keyHeads, valueHeads, Config["linear_key_head_dim"].Integer(1, 1024, 128), Config["linear_value_head_dim"].Integer(1, 1024, 128),
                        Config["linear_conv_kernel_dim"].Integer(2, 64, 4))
                    : throw Config["linear_num_value_heads"].Wrong($"a multiple of the {keyHeads} heads of keys");
            }
        }

        private protected override int DefaultKeyValueHeads => 4;

        private protected override int DefaultHeadSize => 256;

        /// <summary>How many of a head's first numbers are turned.</summary>
        private int Turned
        {
            get
            {
                JsonValue setting = Parameters["partial_rotary_factor"] is { Exists: true } own ? own : Config["partial_rotary_factor"];
                double turned = HeadSize * setting.Number(0.25);
                return turned >= 2 && turned <= HeadSize && (int)turned % 2 == 0 ? (int)turned : throw setting.Wrong($"a share of the {HeadSize} numbers of a head that are turned, an even number of them");
            }
        }

        /// <summary>Which layers have a memory: as <c>layer_types</c> says, else all but every so many-th.</summary>
        private bool[] Kinds()
        {
            bool[] remembers = LayersOf("linear_attention", "full_attention or linear_attention", "full_attention_interval", 4);
            return remembers.Contains(false)
                ? remembers
                : throw Config["layer_types"].Wrong("at least one full_attention, whose cache tells how many tokens there were");
        }
    }
}
