namespace SafeVision.Tokenizers;

/// <summary>A model's tokenizer.</summary>
internal sealed class TextTokenizer
{
    public int VocabularySize => throw new NotSupportedException();

    public int? BeginningOfText => throw new NotSupportedException();

    public static TextTokenizer Open(string folder) => throw new NotSupportedException(folder);

    public int? Find(string content) => throw new NotSupportedException(content);

    public bool IsSpecial(int id) => throw new NotSupportedException();

    public int[] Encode(string text) => throw new NotSupportedException(text);

    public int[] Encode(PromptText prompt) => throw new NotSupportedException(prompt.Text);
}
