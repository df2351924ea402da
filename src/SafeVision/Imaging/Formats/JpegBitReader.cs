namespace SafeVision.Imaging.Formats;

/// <summary>Reads the bits of a scan (ITU-T T.81, F.2.2.5) up to the marker that ends it. Past the end there are zeros.</summary>
internal ref struct JpegBitReader(ReadOnlySpan<byte> data)
{
    private readonly ReadOnlySpan<byte> _data = data;
    private int _position;
    private ulong _bits;
    private int _count;

    /// <summary>Whether more bits were taken than there are.</summary>
    public bool IsPastEnd { get; private set; }

    /// <summary>Whether a code was met that is in no table.</summary>
    public bool IsInvalid { get; private set; }

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
