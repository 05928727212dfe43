//! Randomness, in one place.

use data_encoding::HEXLOWER;
use state::Fault;

/// The operating system's randomness.
#[derive(Debug, Clone, Copy, Default)]
pub struct Chance;

impl Chance {
    /// So many random bytes.
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system")]
    pub fn bytes<const N: usize>(self) -> Result<[u8; N], Fault> {
        let mut bytes = [0u8; N];
        getrandom::fill(&mut bytes).map_err(|_| Fault::Computation { what: "randomness" })?;
        Ok(bytes)
    }

    /// 128 random bits in hexadecimal: names of rows and accounts.
    pub fn id(self) -> Result<String, Fault> {
        Ok(HEXLOWER.encode(&self.bytes::<16>()?))
    }

    /// 32 random bits.
    pub fn number(self) -> Result<u32, Fault> {
        Ok(u32::from_be_bytes(self.bytes()?))
    }
}
