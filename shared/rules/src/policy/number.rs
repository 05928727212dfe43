//! Reading the numbers of the document: one that its type cannot hold becomes the type's largest, which every bound
//! refuses.

use serde::{Deserialize, Deserializer};

/// A `u32`; negative or too large ones become `u32::MAX`.
pub(super) fn u32<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    Ok(i64::deserialize(deserializer)?.try_into().unwrap_or(u32::MAX))
}

/// A `u8`; negative or too large ones become `u8::MAX`.
pub(super) fn u8<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u8, D::Error> {
    Ok(i64::deserialize(deserializer)?.try_into().unwrap_or(u8::MAX))
}

/// A `u32` or nothing.
pub(super) fn optional_u32<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u32>, D::Error> {
    let number = Option::<i64>::deserialize(d)?;
    Ok(number.map(|n| n.try_into().unwrap_or(u32::MAX)))
}

/// A `u8` or nothing.
pub(super) fn optional_u8<'de, D: Deserializer<'de>>(d: D) -> Result<Option<u8>, D::Error> {
    let number = Option::<i64>::deserialize(d)?;
    Ok(number.map(|n| n.try_into().unwrap_or(u8::MAX)))
}
