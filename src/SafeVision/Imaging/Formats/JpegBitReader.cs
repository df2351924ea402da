namespace SafeVision.Imaging.Formats;

/// <summary>Reads the bits of a scan (ITU-T T.81, F.2.2.5) up to the marker that ends it. Past the end there are zeros.</summary>
internal ref struct JpegBitReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;
    private ulong _bits;
    private int _count;

    public bool IsPastEnd { get; private set; } // whether more bits were taken than there are
    public bool IsInvalid { get; private set; } // whether a code was met that is in no table

    public int Symbol(JpegHuffmanTable table)
    {
        Fill();
        int entry = table.Find((int)(_bits >> (64 - 16)));
        if (entry == 0)
        {
            IsInvalid = true;
            IsPastEnd |= _count < 16;
            Take(1);
            return 0;
        }

        Take(entry >> 8);
        return entry & 0xFF;
    }

    public void Skip(int bits)
    {
        Fill();
        Take(bits);
    }

    /// <summary>Goes on after the restart marker that comes next; where another marker does, the scan is at its end.</summary>
    public void Restart()
    {
        (_bits, _count) = (0, 0);
        while (_position < _data.Length - 1)
        {
            if (_data[_position] == 0xFF && _data[_position + 1] is not (0x00 or 0xFF))
            {
                bool restart = _data[_position + 1] is >= JpegMarkers.FirstRestart and <= JpegMarkers.LastRestart;
                _position += restart ? 2 : 0;
                return;
            }

            _position++;
        }
    }

    private void Fill()
    {
        while (_count <= 48 && _position < _data.Length)
        {
            byte next = _data[_position];
            if (next == 0xFF)
            {
                if (_position + 1 >= _data.Length || _data[_position + 1] != 0)
                {
                    return;
                }

                _position++;
            }

            _position++;
            _bits |= (ulong)next << (56 - _count);
            _count += 8;
        }
    }

    private void Take(int bits)
    {
        IsPastEnd |= bits > _count;
        _bits <<= bits;
        _count = Math.Max(0, _count - bits);
    }
}

/// <summary>A Huffman table of a JPEG (ITU-T T.81, annex C): short codes are looked up, long ones compared length by length.</summary>
internal sealed class JpegHuffmanTable
{
    private const int Longest = 16;
    private const int Short = 8;

    // By the next 8 bits: a code's length in the high byte, its symbol in the low one; 0 where the code is longer.
    private readonly ushort[] _short = new ushort[1 << Short];
    private readonly byte[] _symbols;

    // By length: the first 16 bits that are beyond the codes of that length, and what to add to a code for its symbol's place.
    private readonly int[] _beyond = new int[Longest + 1];
    private readonly int[] _offset = new int[Longest + 1];

    private JpegHuffmanTable(byte[] symbols) => _symbols = symbols;

    /// <summary>Reads a table from 16 counts and their symbols; null when there are more codes than bits can say.</summary>
    public static JpegHuffmanTable? Read(ReadOnlySpan<byte> definition, out int length)
    {
        int total = 0;
        foreach (byte count in definition[..Longest])
        {
            total += count;
        }

        length = Longest + total;
        return total <= 256 && length <= definition.Length
            && new JpegHuffmanTable(definition[Longest..length].ToArray()) is var table
            && table.Assign(definition[..Longest])
                ? table
                : null;
    }

    /// <summary>The code at the front of the next 16 bits: its length in the high byte, its symbol in the low one; 0 for none.</summary>
    public int Find(int ahead)
    {
        if (_short[ahead >> (Longest - Short)] is > 0 and var found)
        {
            return found;
        }

        for (int bits = Short + 1; bits <= Longest; bits++)
        {
            if (ahead < _beyond[bits])
            {
                return (bits << 8) | _symbols[(ahead >> (Longest - bits)) + _offset[bits]];
            }
        }

        return 0;
    }

    private bool Assign(ReadOnlySpan<byte> counts)
    {
        int code = 0, place = 0;
        for (int bits = 1; bits <= Longest; bits++)
        {
            _offset[bits] = place - code;
            for (int i = 0; i < counts[bits - 1]; i++, code++, place++)
            {
                if (code >= 1 << bits)
                {
                    return false;
                }

                if (bits <= Short)
                {
                    _short.AsSpan(code << (Short - bits), 1 << (Short - bits)).Fill((ushort)((bits << 8) | _symbols[place]));
                }
            }

            _beyond[bits] = code << (Longest - bits);
            code <<= 1;
        }

        return true;
    }
}
