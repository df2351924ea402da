namespace SafeVision.VisionLanguage.Tokenizers.Splitters;

/// <summary>The rules by which byte-level tokenizers find words; they differ in contractions, digits and line ends.</summary>
internal enum WordPattern
{
    /// <summary>GPT-2 and its descendants: a word takes one space before it, digits go in runs.</summary>
    Gpt2,

    /// <summary>Qwen2: a word takes one character before it, digits go one by one, line ends close a run.</summary>
    Qwen2,

    /// <summary>Llama 3 and GPT-4: as Qwen2, but digits go in groups of up to three.</summary>
    Llama3,

    /// <summary>CLIP: letters in runs, numbers one by one, white space dropped.</summary>
    Clip,
}
