//! Choices drawn from the front of an input, so that every change of a byte is a change of one choice.

/// What is left of an input.
pub(super) struct Input<'a>(pub(super) &'a [u8]);

impl<'a> Input<'a> {
    /// Whether nothing is left.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next byte, 0 behind the end.
    pub(super) fn byte(&mut self) -> u8 {
        self.take(1).first().copied().unwrap_or_default()
    }

    /// The next two bytes, little-endian, zeros behind the end.
    pub(super) fn short(&mut self) -> u16 {
        u16::from_le_bytes([self.byte(), self.byte()])
    }

    /// A number that is small or at an edge more often than not.
    pub(super) fn number(&mut self) -> u64 {
        match self.byte() {
            byte @ 0..0xf0 => u64::from(byte),
            0xf0..0xf4 => u64::from(self.short()),
            0xf4..0xf8 => u64::MAX - u64::from(self.byte()),
            0xf8..0xfa => u64::from(u32::MAX) - u64::from(self.byte()),
            0xfa => 1 << 60,
            0xfb => 1 << 63,
            0xfc => (1 << 63) - 1,
            _ => {
                let mut bytes = [0; 8];
                bytes.fill_with(|| self.byte());
                u64::from_le_bytes(bytes)
            }
        }
    }

    /// At most so many of the next bytes.
    pub(super) fn take(&mut self, bytes: usize) -> &'a [u8] {
        let (taken, rest) = self.0.split_at(bytes.min(self.0.len()));
        self.0 = rest;
        taken
    }

    /// A piece that tells its length in two bytes.
    pub(super) fn piece(&mut self) -> &'a [u8] {
        let bytes = usize::from(self.short());
        self.take(bytes)
    }
}
