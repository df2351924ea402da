namespace SafeVision.VisionLanguage.Tokenizers.Vocabularies;

/// <summary>
/// The 256 visible characters that byte-level vocabularies write bytes with: printable ones of Latin-1 for themselves, the
/// rest from U+0100 on in order (<c>bytes_to_unicode</c> of GPT-2's encoder.py).
/// </summary>
internal static class ByteAlphabet
{
    private static readonly char[] s_characters = Characters();
    private static readonly int[] s_bytes = Bytes();

    public static char CharacterOf(byte value) => s_characters[value];

    /// <summary>The byte of a character, or below 0 if it stands for none.</summary>
    public static int ByteOf(char character) => character < s_bytes.Length ? s_bytes[character] : -1;

    private static char[] Characters()
    {
        char[] characters = new char[256];
        char next = '\u0100';
        for (int value = 0; value < 256; value++)
        {
            bool isPrintable = value is (>= '!' and <= '~') or (>= 0xA1 and <= 0xAC) or (>= 0xAE and <= 0xFF);
            characters[value] = isPrintable ? (char)value : next++;
        }

        return characters;
    }

    private static int[] Bytes()
    {
        int[] bytes = new int[s_characters.Max() + 1];
        bytes.AsSpan().Fill(-1);
        for (int value = 0; value < 256; value++)
        {
            bytes[s_characters[value]] = value;
        }

        return bytes;
    }
}
